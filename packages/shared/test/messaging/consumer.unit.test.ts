// The consumer over a store and a broker in memory: gaps, races, failures outside, and what is parked.
import { ConflictError, type EventStore, type Unit } from '../../src/eventstore/eventStore.ts';
import { createMemoryEventStore } from '../../src/eventstore/memoryEventStore.ts';
import { MessageConsumer } from '../../src/messaging/consumer.ts';
import { serializeEnvelope } from '../../src/messaging/envelope.ts';
import { formatPlace } from '../../src/messaging/chain.ts';
import { AppError } from '../../src/runtime/appError.ts';
import { createLogger } from '../../src/runtime/logger.ts';
import { eventually } from '../../src/testing/eventually.ts';
import {
  AT,
  heardBy,
  heardCodec,
  heardEvolution,
  hearing,
  place,
  upTo,
  type Heard,
  type HeardState,
  type Made,
} from './madeDomain.ts';
import { createMemoryBroker } from './memoryBroker.ts';

type HeardStore = EventStore<Heard, Made>;
const TOPIC = 'made';
const logger = createLogger({ service: 'test', level: 'silent' });
const running: MessageConsumer<HeardState, Heard, Made>[] = [];
afterEach(async () => {
  await Promise.all(running.splice(0).map((consumer) => consumer.stop()));
});

/** The message about the `number`th thing of a key, at that position of the publisher's log. */
function made(position: number, prev: number, about: { key: string; number: number }) {
  const data = { at: AT, ...about };
  return serializeEnvelope(
    'publisher',
    { key: about.key, type: 'Made', schemaVersion: 1, data },
    { place: place(`1.${position}.0`), prev: place(prev === 0 ? '0.0.0' : `1.${prev}.0`) },
    { correlationId: 'correlation', causationId: 'cause' },
  );
}

/** An append of somebody else: the number was heard of, on that version. */
const heardOnce = (key: string, expectedVersion: number, number: number) => ({
  ...{ streamId: `heard-${key}`, expectedVersion },
  events: [
    {
      event: { type: 'Heard' as const, data: { at: AT, key, number } },
      metadata: { correlationId: 'correlation', causationId: 'other' },
    },
  ],
});

const numbersIn = (units: readonly Unit<Heard, Made>[]): number[] =>
  units.flatMap(({ streams }) =>
    streams.flatMap(({ events }) => events.map(({ event }) => event.data.number)),
  );

const ofA = (number: number) => made(number, number - 1, { key: 'a', number });

async function setUp(wrap: (store: HeardStore) => HeardStore = (store) => store) {
  const store = createMemoryEventStore<Heard, Made>({ codec: heardCodec, projections: [] });
  const broker = createMemoryBroker();
  await broker.createTopic(TOPIC, 2, 1);
  const rewinds: string[] = [];
  const fatal: string[] = [];
  const start = () => {
    const consumer = new MessageConsumer<HeardState, Heard, Made>({
      ...{ consumer: 'consumer', groupId: 'group', topics: [TOPIC], broker, logger },
      ...{ store: wrap(store), reactions: hearing, evolution: heardEvolution },
      requestRewind: (topic, partition, at) => {
        rewinds.push(`${topic}/${partition} ${formatPlace(at)}`);
        return Promise.resolve();
      },
      onFatal: (reason) => fatal.push(reason),
    });
    consumer.start();
    running.push(consumer);
    return consumer;
  };
  const untilHeard = (key: string, count: number) =>
    eventually(async () => {
      expect((await heardBy(store)).get(key)).toEqual(upTo(count));
      return true;
    }, `${key} was heard of up to ${count}`);
  return { store, broker, rewinds, fatal, start, untilHeard };
}

it('repeats are passed over, and the rest is applied once', async () => {
  const { broker, start, untilHeard } = await setUp();
  broker.append(TOPIC, 0, ofA(1), ofA(2), ofA(1), ofA(2), ofA(3), ofA(2), ofA(4));
  start();
  await untilHeard('a', 4);
});

it('at a gap nothing is applied, the publisher is asked, and the resent messages close it', async () => {
  const { broker, rewinds, start, untilHeard, store } = await setUp();
  broker.append(TOPIC, 0, ofA(1), ofA(4), ofA(5));
  broker.append(TOPIC, 1, made(9, 0, { key: 'b', number: 1 }));
  start();
  await untilHeard('b', 1);
  await eventually(() => rewinds.length > 0, 'the publisher is asked');
  expect(rewinds).toEqual([`${TOPIC}/0 1.1.0`]);
  expect((await heardBy(store)).get('a')).toEqual([1]);
  broker.append(TOPIC, 0, ofA(2), ofA(3), ofA(4), ofA(5), ofA(6));
  await untilHeard('a', 6);
});

it('a gap is found again after a restart', async () => {
  const { broker, rewinds, start, untilHeard } = await setUp();
  broker.append(TOPIC, 0, ofA(1), ofA(4));
  const first = start();
  await eventually(() => rewinds.length > 0, 'the publisher is asked');
  await first.stop();
  rewinds.length = 0;
  start();
  await eventually(() => rewinds.length > 0, 'the publisher is asked again');
  broker.append(TOPIC, 0, ofA(2), ofA(3), ofA(4));
  await untilHeard('a', 4);
});

it('a topic that was wiped and has grown again to the same length is noticed at the next start', async () => {
  const { broker, rewinds, start, untilHeard } = await setUp();
  broker.append(TOPIC, 0, ofA(1), ofA(2));
  const first = start();
  await untilHeard('a', 2);
  await first.stop();
  broker.wipe(TOPIC);
  // Two again, so that offsets alone say: nothing new.
  broker.append(TOPIC, 0, ofA(4), ofA(5));
  start();
  await eventually(() => rewinds.length > 0, 'the publisher is asked');
  expect(rewinds[0]).toBe(`${TOPIC}/0 1.2.0`);
});

it('a topic that is wiped under a consumer that waits for more is noticed without any message', async () => {
  const { broker, rewinds, start, untilHeard } = await setUp();
  broker.append(TOPIC, 0, ofA(1), ofA(2));
  start();
  await untilHeard('a', 2);
  broker.wipe(TOPIC);
  await eventually(() => rewinds.length > 0, 'the publisher is asked');
  broker.append(TOPIC, 0, ofA(3));
  await untilHeard('a', 3);
});

it('a lost race for a version is decided again, from the stream as it is then', async () => {
  let isOvertaken = false;
  const { broker, start, store } = await setUp((inner) => ({
    ...inner,
    async commit(units) {
      if (numbersIn(units).includes(3) && !isOvertaken) {
        isOvertaken = true;
        await inner.commit([{ streams: [heardOnce('a', 2, 2)] }]);
      }
      return inner.commit(units);
    },
  }));
  broker.append(TOPIC, 0, ofA(1), ofA(2));
  start();
  await eventually(async () => (await heardBy(store)).get('a')?.length === 2, 'a is in the cache');
  broker.append(TOPIC, 0, ofA(3));
  await eventually(async () => {
    expect((await heardBy(store)).get('a')).toEqual([1, 2, 2, 3]);
    return true;
  }, 'it is decided again');
});

it('a message that throws on a state from the cache is tried on the stream before it is parked', async () => {
  const { broker, start, store, untilHeard } = await setUp();
  broker.append(TOPIC, 0, ofA(1), ofA(2));
  start();
  await untilHeard('a', 2);
  await store.commit([{ streams: [heardOnce('a', 2, 3)] }]);
  broker.append(TOPIC, 0, made(4, 2, { key: 'a', number: 4 }));
  await untilHeard('a', 4);
  expect(store.parked()).toEqual([]);
});

it('a database that is away costs time and nothing else', async () => {
  let failures = 0;
  let reads = 0;
  const away = new AppError('database_unavailable', 'away', { retryable: true });
  const { broker, start, untilHeard, fatal } = await setUp((store) => ({
    ...store,
    async commit(units) {
      failures += 1;
      if (failures % 2 === 1) throw away;
      const recorded = await store.commit(units);
      // The answer is lost as well, once: it was written, and nobody here knows.
      if (failures === 2) throw away;
      return recorded;
    },
    readCursors(...given) {
      reads += 1;
      return reads === 2 ? Promise.reject(away) : store.readCursors(...given);
    },
  }));
  broker.append(TOPIC, 0, ofA(1), ofA(2));
  start();
  await untilHeard('a', 2);
  broker.append(TOPIC, 0, ofA(3));
  await untilHeard('a', 3);
  expect(fatal).toEqual([]);
});

it('a message of a newer schema version makes its partition wait, and no other', async () => {
  const { broker, start, untilHeard, store } = await setUp();
  const newer = ofA(2).replace('"dataversion":1', '"dataversion":2');
  broker.append(TOPIC, 0, ofA(1), newer, ofA(3));
  broker.append(TOPIC, 1, made(9, 0, { key: 'b', number: 1 }));
  start();
  await untilHeard('a', 1);
  await untilHeard('b', 1);
  broker.append(TOPIC, 1, made(10, 9, { key: 'b', number: 2 }));
  await untilHeard('b', 2);
  expect(store.parked()).toEqual([]);
});

it('a message whose transaction cannot be written is found among its batch and parked with its key', async () => {
  const { broker, start, untilHeard, store } = await setUp((inner) => ({
    ...inner,
    commit(units) {
      const isBad = units.some((unit) =>
        unit.streams.some(({ events }) =>
          events.some(({ event }) => event.data.key === 'bad' && event.data.number === 2),
        ),
      );
      // As an event that is too large, or a unique constraint.
      return isBad ? Promise.reject(new ConflictError('unique', 'uq')) : inner.commit(units);
    },
  }));
  broker.append(
    ...([TOPIC, 0] as const),
    ...[made(1, 0, { key: 'bad', number: 1 }), made(2, 1, { key: 'a', number: 1 })],
    ...[made(3, 2, { key: 'bad', number: 2 }), made(4, 3, { key: 'a', number: 2 })],
    ...[made(5, 4, { key: 'bad', number: 3 }), made(6, 5, { key: 'a', number: 3 })],
  );
  start();
  await untilHeard('a', 3);
  await untilHeard('bad', 1);
  expect(store.parked().map(({ key, place: at }) => [key, at.position])).toEqual([
    ['bad', 3],
    ['bad', 5],
  ]);
});
