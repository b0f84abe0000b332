// Streams of the store in memory: read from the middle, and their snapshots.
import type { DomainEvent } from './decider.ts';
import type { Snapshot, StreamRange } from './eventStore.ts';
import type { PlacedEvent } from './placing.ts';

type Log<Event extends DomainEvent> = readonly PlacedEvent<Event>[];

/** Events of the streams in a range of each, as `EventStore.readStreams` orders them. */
export function inRange<Event extends DomainEvent>(
  log: Log<Event>,
  streamIds: readonly string[],
  { after, limit }: StreamRange = {},
): Log<Event> {
  const wanted = new Set(streamIds);
  return (
    log
      .filter(({ recorded: { streamId, version } }) => {
        return wanted.has(streamId) && version > (after?.get(streamId) ?? 0);
      })
      // Stable, so that the events of each stream stay in their order.
      .toSorted((a, b) => compareTexts(a.recorded.streamId, b.recorded.streamId))
      .slice(0, limit)
  );
}

function compareTexts(a: string, b: string): number {
  if (a === b) return 0;
  return a < b ? -1 : 1;
}

/** A row of the table of snapshots. */
export interface SnapshotRow {
  readonly snapshot: Snapshot;
  readonly stateSchemaVersion: number;
}

/** An empty table of snapshots; reading compares them with the log. */
export function createMemorySnapshots() {
  const kept = new Map<string, SnapshotRow>();
  return {
    /** By stream, whether they match the log or not. */
    rows: (): ReadonlyMap<string, SnapshotRow> => kept,
    write(snapshots: ReadonlyMap<string, Snapshot>, stateSchemaVersion: number): Promise<void> {
      for (const [streamId, snapshot] of snapshots)
        kept.set(streamId, { snapshot, stateSchemaVersion });
      return Promise.resolve();
    },
    read(log: Log<DomainEvent>, streamIds: readonly string[], stateSchemaVersion: number) {
      const found = new Map<string, Snapshot>();
      for (const streamId of streamIds) {
        const row = kept.get(streamId);
        if (row?.stateSchemaVersion !== stateSchemaVersion) continue;
        const { version, hash } = row.snapshot;
        const isInLog = log.some(
          ({ recorded }) =>
            recorded.streamId === streamId &&
            recorded.version === version &&
            recorded.hash === hash,
        );
        if (isInLog) found.set(streamId, row.snapshot);
      }
      return found;
    },
  };
}
