// Planted bugs in what becomes of parked messages that are retried or dropped.
import type { DomainEvent } from '@orderflow/shared/eventstore/decider.ts';
import type { EventStore } from '@orderflow/shared/eventstore/eventStore.ts';

/** Rows leave in a transaction of their own, before that of what their messages lead to. */
export function removesParkedFirst<Event extends DomainEvent, Fact extends DomainEvent>(
  store: EventStore<Event, Fact>,
): EventStore<Event, Fact> {
  return {
    ...store,
    async commit(units) {
      const parts = units.map(({ redrive, ...effect }) => ({
        effect,
        leaving: redrive === undefined ? [] : [{ streams: [], redrive }],
      }));
      const leaving = parts.flatMap((part) => part.leaving);
      if (leaving.length > 0) await store.commit(leaving);
      return store.commit(parts.map(({ effect }) => effect));
    },
  };
}

/** A key is free once something of it was redriven, whatever still stands in the table behind that. */
export function freesKeysEarly<Event extends DomainEvent, Fact extends DomainEvent>(
  store: EventStore<Event, Fact>,
): EventStore<Event, Fact> {
  return {
    ...store,
    // One alone is read only to see whether any is left.
    readParked: (key, limit, from) =>
      limit === 1 ? Promise.resolve([]) : store.readParked(key, limit, from),
  };
}

/** No message is dropped: the transaction with which it would leave fails, for no reason of the message's. */
export function refusesDrops<Event extends DomainEvent, Fact extends DomainEvent>(
  store: EventStore<Event, Fact>,
): EventStore<Event, Fact> {
  return {
    ...store,
    commit: (units) =>
      units.some(({ redrive }) => redrive?.wish === 'drop' && redrive.removed.length > 0)
        ? Promise.reject(new TypeError('drop is not a function'))
        : store.commit(units),
  };
}

/** What is dropped leaves without a word: nobody is told. */
export function dropsSilently<Event extends DomainEvent, Fact extends DomainEvent>(
  store: EventStore<Event, Fact>,
): EventStore<Event, Fact> {
  return {
    ...store,
    commit: (units) =>
      store.commit(
        units.map((unit) => (unit.redrive?.wish === 'drop' ? { ...unit, streams: [] } : unit)),
      ),
  };
}
