// Planted bugs in what a process remembers, and when it tells.
import { createCommitListeners } from '@orderflow/shared/eventstore/commitListeners.ts';
import type { DomainEvent } from '@orderflow/shared/eventstore/decider.ts';
import {
  ConflictError,
  type CommitListener,
  type Cursor,
  type CursorMove,
  type EventStore,
  type RecordedEvent,
} from '@orderflow/shared/eventstore/eventStore.ts';
import { createMemoryEventStore } from '@orderflow/shared/eventstore/memoryEventStore.ts';
import { comparePlaces } from '@orderflow/shared/messaging/chain.ts';
import { parseEnvelope } from '@orderflow/shared/messaging/envelope.ts';
import type { Ground, StoreBug } from './planting.ts';

/**
 * Listeners hear of a commit before it is sent. The waiters of orders listen first of all there; whoever else listens is
 * the relay, and the states that are kept.
 */
export function tellsBeforeCommit(whom: 'relay' | 'waiters'): StoreBug {
  return <Event extends DomainEvent, Fact extends DomainEvent>(
    store: EventStore<Event, Fact>,
    { database, process }: Ground<Event, Fact>,
  ): EventStore<Event, Fact> => {
    const early = createCommitListeners<Event>();
    let listeners = 0;
    return {
      ...store,
      onCommitted(listener: CommitListener<Event>) {
        const isWaiters = process.service === 'orders' && listeners === 0;
        listeners += 1;
        return isWaiters === (whom === 'waiters')
          ? early.add(listener)
          : store.onCommitted(listener);
      },
      async commit(units) {
        const contents = database.memory.contents;
        // What would come of it, in a copy that nobody else sees.
        const copy = createMemoryEventStore<Event, Fact>({
          ...database.parts,
          database: { contents },
        });
        copy.onCommitted(early.notify);
        await copy.commit(units).catch(() => undefined);
        return store.commit(units);
      },
    };
  };
}

/**
 * What inventory's consumer has read of streams is kept when another owner was at work: no new assignment drops it, no
 * moved cursor, and not the conflict that comes of it. After any other failed transaction it is read again, so that only
 * what a second owner wrote can be missing. Versions are asserted, so what is out of date decides nothing: it never
 * gets on.
 */
export function keepsCache<Event extends DomainEvent, Fact extends DomainEvent>(
  store: EventStore<Event, Fact>,
  { process }: Ground<Event, Fact>,
): EventStore<Event, Fact> {
  // Elsewhere requests read streams as well, and no cache stands before them.
  if (process.service !== 'inventory') return store;
  const kept = new Map<string, readonly RecordedEvent<Event>[]>();
  return {
    ...store,
    readSnapshots: () => Promise.resolve(new Map()),
    async readStreams(streamIds, range) {
      const unknown = streamIds.filter((id) => !kept.has(id));
      if (unknown.length > 0) {
        const read = await store.readStreams(unknown);
        for (const [id, events] of read) kept.set(id, events);
      }
      const after = (id: string): number => range?.after?.get(id) ?? 0;
      const known = streamIds.flatMap((id) => {
        const events = (kept.get(id) ?? []).filter(({ version }) => version > after(id));
        return events.length === 0 ? [] : [[id, events] as const];
      });
      return new Map(known);
    },
    async commit(units) {
      try {
        const recorded = await store.commit(units);
        for (const event of recorded) {
          const before = kept.get(event.streamId);
          if (before !== undefined) kept.set(event.streamId, [...before, event]);
        }
        return recorded;
      } catch (error) {
        if (!(error instanceof ConflictError)) kept.clear();
        throw error;
      }
    },
  };
}

/** What stands before the group's committed offset counts as handled, whatever the own cursor says. */
export function trustsKafka<Event extends DomainEvent, Fact extends DomainEvent>(
  store: EventStore<Event, Fact>,
  { kafka, process }: Ground<Event, Fact>,
): EventStore<Event, Fact> {
  const real = new Map<string, { readonly given: Cursor; readonly real: Cursor }>();
  const nameOf = ({ topic, partition }: Cursor): string => `${topic}/${partition}`;
  const trusted = (cursor: Cursor): Cursor => {
    const committed = kafka.group(process.service).committed.get(nameOf(cursor));
    if (committed === undefined || committed === 0n) return cursor;
    const { from, records } = kafka.read(cursor.topic, cursor.partition, committed - 1n, 1);
    const value = records[0]?.value?.toString();
    if (value === undefined || from !== committed - 1n || !value.includes('specversion'))
      return cursor;
    return { ...cursor, place: parseEnvelope(value).place, nextOffset: String(committed) };
  };
  const asInSchema = (move: CursorMove): CursorMove => {
    const known = real.get(nameOf(move.to));
    if (known === undefined || comparePlaces(known.given.place, move.from) !== 0) return move;
    return { ...move, from: known.real.place, fromOffset: known.real.nextOffset };
  };
  return {
    ...store,
    async readCursors(...of) {
      const cursors = await store.readCursors(...of);
      return cursors.map((cursor) => {
        const given = trusted(cursor);
        real.set(nameOf(cursor), { given, real: cursor });
        return given;
      });
    },
    commit: (units) =>
      store.commit(
        units.map((unit) => ({ ...unit, cursors: (unit.cursors ?? []).map(asInSchema) })),
      ),
  };
}

/** Which keys are parked is known by who has parked them, and by nobody after that. */
export function forgetsParked<Event extends DomainEvent, Fact extends DomainEvent>(
  store: EventStore<Event, Fact>,
): EventStore<Event, Fact> {
  return { ...store, readParkedKeys: () => Promise.resolve(new Set<string>()) };
}
