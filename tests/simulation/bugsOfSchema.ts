// Planted bugs in what statements do in the schema.
import { cursorName } from '@orderflow/shared/eventstore/cursorRows.ts';
import type { DomainEvent } from '@orderflow/shared/eventstore/decider.ts';
import type { CursorMove, EventStore, Unit } from '@orderflow/shared/eventstore/eventStore.ts';
import type { Ground } from './planting.ts';

/** For how long an event that was committed late stays out of sight of who reads the log. */
const UNSEEN_MS = 60;
/** Every so many positions were taken early and committed late. */
const LATE_EVERY = 3;

/**
 * Positions as AUTO_INCREMENT gives them: in the order of inserts, so that whoever reads `id > last` sees a later one
 * before an earlier one is committed.
 */
export function readsPastGaps<Event extends DomainEvent, Fact extends DomainEvent>(
  store: EventStore<Event, Fact>,
  { world, database }: Ground<Event, Fact>,
): EventStore<Event, Fact> {
  return {
    ...store,
    async readLog(after, limit) {
      const { now } = world.scheduler;
      return (await store.readLog(after, limit)).filter(
        ({ position }) =>
          position % LATE_EVERY !== 0 || now - database.committedAt(position) > UNSEEN_MS,
      );
    },
  };
}

/** The cursors are set, wherever they stand. */
export function dropsCompareAndSet<Event extends DomainEvent, Fact extends DomainEvent>(
  store: EventStore<Event, Fact>,
  { database }: Ground<Event, Fact>,
): EventStore<Event, Fact> {
  const rebased = (move: CursorMove): CursorMove => {
    const now = database.memory.contents.cursors.get(cursorName(move.consumer, move.to));
    return now === undefined ? move : { ...move, from: now.place, fromOffset: now.nextOffset };
  };
  const commit = (units: readonly Unit<Event, Fact>[]) =>
    store.commit(units.map((unit) => ({ ...unit, cursors: (unit.cursors ?? []).map(rebased) })));
  return { ...store, commit };
}

/** Events go behind whatever stands in their stream by now. */
export function assertsNothing<Event extends DomainEvent, Fact extends DomainEvent>(
  store: EventStore<Event, Fact>,
  { database }: Ground<Event, Fact>,
): EventStore<Event, Fact> {
  const commit = (units: readonly Unit<Event, Fact>[]) => {
    const versions = new Map<string, number>();
    const versionOf = (streamId: string): number =>
      versions.get(streamId) ?? database.memory.contents.heads.get(streamId)?.version ?? 0;
    const rebased = units.map((unit) => ({
      ...unit,
      streams: unit.streams.map((append) => {
        const expectedVersion = versionOf(append.streamId);
        versions.set(append.streamId, expectedVersion + append.events.length);
        return { ...append, expectedVersion };
      }),
    }));
    return store.commit(rebased);
  };
  return { ...store, commit };
}

/** The cursors move in a transaction of their own, before that of the work. */
export function movesCursorFirst<Event extends DomainEvent, Fact extends DomainEvent>(
  store: EventStore<Event, Fact>,
): EventStore<Event, Fact> {
  return {
    ...store,
    async commit(units) {
      const cursors = units.flatMap((unit) => unit.cursors ?? []);
      if (cursors.length > 0) await store.commit([{ streams: [], cursors }]);
      return store.commit(units.map((unit) => ({ ...unit, cursors: [] })));
    },
  };
}
