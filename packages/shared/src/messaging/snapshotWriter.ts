// Snapshots of the streams that a consumer decides on: written beside its work, never in a message's way.
import type { DomainEvent } from '../eventstore/decider.ts';
import type { EventStore, Snapshot } from '../eventstore/eventStore.ts';
import type { Logger } from '../runtime/logger.ts';
import type { Evolution } from './loadStates.ts';
import type { StateCache } from './stateCache.ts';

/** Bytes of states in one statement at most; MariaDB's max_allowed_packet is 16 MiB by default. */
const MAX_STATEMENT_BYTES = 1_048_576;

/** What the writer needs. Without a state codec it writes nothing. */
export interface SnapshotWriterDeps<State, Event extends DomainEvent> {
  readonly store: Pick<EventStore<Event>, 'writeSnapshots'>;
  readonly evolution: Evolution<State, Event>;
  readonly cache: Pick<StateCache<State>, 'takeDue'>;
  readonly logger: Logger;
}

/** Writes what is due; one call at a time. */
export interface SnapshotWriter {
  /** Never throws for the database: a snapshot that is not written is made again some events later. */
  write(): Promise<void>;
}

/** The writer of one consumer. A snapshot is of what is committed, so it needs no transaction with anything. */
export function createSnapshotWriter<State, Event extends DomainEvent>(
  deps: SnapshotWriterDeps<State, Event>,
): SnapshotWriter {
  const { store, cache, logger } = deps;
  const codec = deps.evolution.stateCodec;
  return {
    async write() {
      const due = cache.takeDue();
      if (codec === undefined) return;
      let some = new Map<string, Snapshot>();
      let bytes = 0;
      try {
        for (const [streamId, { head, state }] of due) {
          if (head === undefined) continue;
          const text = codec.serialize(state);
          some.set(streamId, { ...head, state: text });
          bytes += text.length;
          if (bytes < MAX_STATEMENT_BYTES) continue;
          await store.writeSnapshots(some, codec.schemaVersion);
          some = new Map();
          bytes = 0;
        }
        await store.writeSnapshots(some, codec.schemaVersion);
      } catch (error) {
        logger.warn({ err: error }, 'snapshots not written');
      }
    },
  };
}
