// Planted bugs in how snapshots are taken and loaded.
import type { DomainEvent } from '@orderflow/shared/eventstore/decider.ts';
import type { EventStore, Snapshot } from '@orderflow/shared/eventstore/eventStore.ts';
import type { Ground } from './planting.ts';

/** A snapshot passes for the stream's state as it is now: the events behind it are not read. */
export function readsNothingBehindSnapshots<Event extends DomainEvent, Fact extends DomainEvent>(
  store: EventStore<Event, Fact>,
  { database }: Ground<Event, Fact>,
): EventStore<Event, Fact> {
  return {
    ...store,
    async readSnapshots(...of) {
      const found = await store.readSnapshots(...of);
      const atHead = [...found].map(([streamId, snapshot]) => {
        const { version, hash } = database.memory.contents.heads.get(streamId) ?? snapshot;
        return [streamId, { ...snapshot, version, hash }] as const;
      });
      return new Map(atHead);
    },
  };
}

/** By schema: what was written last of each stream. */
const written = new WeakMap<object, Map<string, Snapshot>>();

/** A snapshot is believed, whether the log has the event that it stands on or not. */
export function believesSnapshots<Event extends DomainEvent, Fact extends DomainEvent>(
  store: EventStore<Event, Fact>,
  { database }: Ground<Event, Fact>,
): EventStore<Event, Fact> {
  const kept = written.get(database) ?? new Map<string, Snapshot>();
  written.set(database, kept);
  return {
    ...store,
    readSnapshots(streamIds) {
      const found = streamIds.flatMap((streamId) => {
        const snapshot = kept.get(streamId);
        return snapshot === undefined ? [] : [[streamId, snapshot] as const];
      });
      return Promise.resolve(new Map(found));
    },
    async writeSnapshots(snapshots, stateSchemaVersion) {
      for (const [streamId, snapshot] of snapshots) kept.set(streamId, snapshot);
      await store.writeSnapshots(snapshots, stateSchemaVersion);
    },
  };
}

/** A snapshot says that it stands on another event than it does: it is stored, and never loaded. */
export function misnamesSnapshots<Event extends DomainEvent, Fact extends DomainEvent>(
  store: EventStore<Event, Fact>,
): EventStore<Event, Fact> {
  const misnamed = (snapshot: Snapshot): Snapshot => ({ ...snapshot, hash: '0'.repeat(64) });
  return {
    ...store,
    writeSnapshots: (snapshots, stateSchemaVersion) =>
      store.writeSnapshots(
        new Map([...snapshots].map(([streamId, snapshot]) => [streamId, misnamed(snapshot)])),
        stateSchemaVersion,
      ),
  };
}

/** A snapshot is taken of what is about to be committed, and says that it stands on what is committed. */
export function runsAheadOfSnapshots<Event extends DomainEvent, Fact extends DomainEvent>(
  store: EventStore<Event, Fact>,
  { database }: Ground<Event, Fact>,
): EventStore<Event, Fact> {
  const before = (streamId: string, { version, state }: Snapshot) =>
    database.memory.contents.log.flatMap(({ recorded }) => {
      if (recorded.streamId !== streamId || recorded.version !== version - 1) return [];
      const { hash, incarnation } = recorded;
      return [[streamId, { version: version - 1, hash, incarnation, state }] as const];
    });
  return {
    ...store,
    writeSnapshots: (snapshots, stateSchemaVersion) =>
      store.writeSnapshots(
        new Map([...snapshots].flatMap(([streamId, snapshot]) => before(streamId, snapshot))),
        stateSchemaVersion,
      ),
  };
}
