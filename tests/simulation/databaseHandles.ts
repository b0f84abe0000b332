// A process's connection to its schema: the store, the relay's positions, the records of topics, and the counters.
import { createCommitListeners } from '@orderflow/shared/eventstore/commitListeners.ts';
import type { DomainEvent } from '@orderflow/shared/eventstore/decider.ts';
import type { EventStore } from '@orderflow/shared/eventstore/eventStore.ts';
import { MemoryRelayPositions } from '@orderflow/shared/messaging/memoryRelayPositions.ts';
import type { RelayPositions } from '@orderflow/shared/messaging/relayPositions.ts';
import type { TopicRecords } from '@orderflow/shared/messaging/topic.ts';
import type { SimDatabase } from './database.ts';
import type { Step } from './faults.ts';
import { request } from './request.ts';
import type { SimProcess, World } from './world.ts';

/** Asks the schema on behalf of a process. */
type Ask = <T>(step: Step, effect: () => Promise<T> | T) => Promise<T>;

function asking<Event extends DomainEvent, Fact extends DomainEvent>(
  world: World,
  process: SimProcess,
  database: SimDatabase<Event, Fact>,
): Ask {
  return (step, effect) => request({ world, process, server: database, step }, effect);
}

/**
 * The schema's store as one process sees it: it hears of its own commits alone, once their answers have come. `store` is
 * what the statements do in the schema.
 */
export function openStore<Event extends DomainEvent, Fact extends DomainEvent>(
  world: World,
  process: SimProcess,
  database: SimDatabase<Event, Fact>,
  store: EventStore<Event, Fact> = database.store,
): EventStore<Event, Fact> {
  const ask = asking(world, process, database);
  const listeners = createCommitListeners<Event>();
  return {
    async commit(units) {
      const isRedrive = units.some(({ redrive }) => redrive !== undefined);
      const recorded = await ask(isRedrive ? 'redrive' : 'commit', () => store.commit(units));
      listeners.notify(recorded, database.changesOf(recorded));
      return recorded;
    },
    readStreams: (...of) => ask('read', () => store.readStreams(...of)),
    readVersions: (...of) => ask('read', () => store.readVersions(...of)),
    readSnapshots: (...of) => ask('read', () => store.readSnapshots(...of)),
    writeSnapshots: (...of) => ask('snapshot', () => store.writeSnapshots(...of)),
    readLog: (...of) => ask('read', () => store.readLog(...of)),
    head: () => ask('read', () => store.head()),
    readCursors: (...of) => ask('read', () => store.readCursors(...of)),
    readParkedKeys: (...of) => ask('read', () => store.readParkedKeys(...of)),
    readParked: (...of) => ask('read', () => store.readParked(...of)),
    readWishes: (...of) => ask('read', () => store.readWishes(...of)),
    onCommitted: listeners.add,
  };
}

/** The relay's positions as one process sees them. `change`: what they are in the schema. */
export function openPositions<Event extends DomainEvent, Fact extends DomainEvent>(
  world: World,
  process: SimProcess,
  database: SimDatabase<Event, Fact>,
  partitionCount: number,
  change: (positions: RelayPositions) => RelayPositions,
): RelayPositions {
  const ask = asking(world, process, database);
  const now = (): number => world.scheduler.now;
  // Anew for each question: a schema that was brought back has another table.
  const positions = (): RelayPositions =>
    change(new MemoryRelayPositions(partitionCount, now, database.relayTable(partitionCount)));
  return {
    acquire: (...of) => ask('positions', () => positions().acquire(...of)),
    reload: (...of) => ask('positions', () => positions().reload(...of)),
    save: (...of) => ask('positions', () => positions().save(...of)),
    release: (...of) => ask('positions', () => positions().release(...of)),
    rewind: (...of) => ask('positions', () => positions().rewind(...of)),
  };
}

/** The records of topics as one process sees them. */
export function openTopicRecords<Event extends DomainEvent, Fact extends DomainEvent>(
  world: World,
  process: SimProcess,
  database: SimDatabase<Event, Fact>,
): TopicRecords {
  const ask = asking(world, process, database);
  return {
    read: (topic) => ask('read', () => database.topics.get(topic)),
    record: (topic, count) =>
      ask('positions', () => {
        if (!database.topics.has(topic)) database.topics.set(topic, count);
      }),
  };
}

/** Blocks of ids as one process takes them. */
export function openCounters<Event extends DomainEvent, Fact extends DomainEvent>(
  world: World,
  process: SimProcess,
  database: SimDatabase<Event, Fact>,
): (counter: string, count: number) => Promise<number> {
  const ask = asking(world, process, database);
  return (counter, count) => ask('positions', () => database.takeIds(counter, count));
}
