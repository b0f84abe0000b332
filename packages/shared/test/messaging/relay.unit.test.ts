// The relay over a store and a broker in memory: one sender, rewinds, resends, and a topic that was lost.
import { createMemoryEventStore } from '../../src/eventstore/memoryEventStore.ts';
import { parseEnvelope } from '../../src/messaging/envelope.ts';
import { MemoryRelayPositions } from '../../src/messaging/memoryRelayPositions.ts';
import { partitionOf } from '../../src/messaging/murmur2.ts';
import { Relay } from '../../src/messaging/relay.ts';
import { rewindToStart } from '../../src/messaging/relayPositions.ts';
import { ensureTopic, type TopicRecords } from '../../src/messaging/topic.ts';
import { MessageTooLargeError } from '../../src/messaging/transport.ts';
import { AppError } from '../../src/runtime/appError.ts';
import { createLogger } from '../../src/runtime/logger.ts';
import { eventually } from '../../src/testing/eventually.ts';
import { KEYS, make, madeCodec, madeToMessages, place, upTo, type Made } from './madeDomain.ts';
import { createMemoryBroker } from './memoryBroker.ts';

const TOPIC = 'made';
const PARTITIONS = 4;
const logger = createLogger({ service: 'test', level: 'silent' });
const running: Relay<Made>[] = [];
afterEach(async () => {
  await Promise.all(running.splice(0).map((relay) => relay.stop()));
});

function memoryRecords(): TopicRecords {
  const counts = new Map<string, number>();
  return {
    read: (topic) => Promise.resolve(counts.get(topic)),
    record: (topic, count) => Promise.resolve(void counts.set(topic, count)),
  };
}

async function setUp() {
  const store = createMemoryEventStore<Made>({ codec: madeCodec, projections: [] });
  const broker = createMemoryBroker();
  const records = memoryRecords();
  const positions = new MemoryRelayPositions(PARTITIONS);
  const fatal: unknown[] = [];
  const ensure = () =>
    ensureTopic(
      { broker, records, logger, rewindAll: (count) => rewindToStart(positions, count, 1) },
      { topic: TOPIC, partitionCount: PARTITIONS, replicationFactor: 1 },
    );
  await ensure();
  const start = (): Relay<Made> => {
    const relay = new Relay<Made>({
      ...{ store, positions, broker, logger, topic: TOPIC, source: 'publisher' },
      ...{ ensureTopic: ensure, toMessages: madeToMessages },
      onFatal: (_reason, error) => fatal.push(error),
    });
    relay.start();
    running.push(relay);
    return relay;
  };
  /** The numbers that stand in the topic for a key, in order. */
  const sent = (key: string): number[] =>
    broker
      .read(TOPIC, partitionOf(key, PARTITIONS))
      .map(({ value }) => parseEnvelope(String(value)))
      .filter((message) => message.key === key)
      .map((message) => (message.data as Made['data']).number);
  return { store, broker, positions, fatal, start, sent, ensure };
}

it('sends what is in the log already, and what is committed later', async () => {
  const { store, start, sent } = await setUp();
  await make(store, KEYS, 1, 3);
  start();
  await eventually(() => sent('a').length === 3, 'the first three are sent');
  await make(store, KEYS, 4, 5);
  await eventually(() => sent('a').length === 5, 'all are sent');
  for (const key of KEYS) expect(sent(key)).toEqual(upTo(5));
});

it('one of two processes sends; the other takes over where it stopped', async () => {
  const { store, start, sent } = await setUp();
  const first = start();
  await eventually(() => first.isLeader(), 'the first leads');
  const second = start();
  await make(store, KEYS, 1, 5);
  await eventually(() => sent('a').length === 5, 'all are sent');
  expect(second.isLeader()).toBe(false);
  await first.stop();
  await make(store, KEYS, 6, 7);
  await eventually(() => sent('a').length === 7, 'the second goes on');
  for (const key of KEYS) expect(sent(key)).toEqual(upTo(7));
});

it('a failed send is sent again, whatever of it was stored', async () => {
  const { store, broker, start, sent } = await setUp();
  let failures = 0;
  broker.beforeSend = (records) => {
    failures += 1;
    if (failures <= 2) {
      // Half of it arrives, and nobody is told.
      const some = records.filter(({ partition }) => partition < 2);
      for (const record of some) broker.append(TOPIC, record.partition, record.value);
      throw new Error('the connection broke');
    }
    return records;
  };
  await make(store, KEYS, 1, 2);
  start();
  await eventually(() => KEYS.every((key) => sent(key).includes(2)), 'all are sent');
  for (const key of KEYS) expect([...new Set(sent(key))]).toEqual(upTo(2));
});

it('a relay whose broker is silent stops all the same, and gives its lease up', async () => {
  const { store, broker, start } = await setUp();
  const reached = Promise.withResolvers<undefined>();
  broker.createProducer = () =>
    Promise.resolve({
      send() {
        reached.resolve(undefined);
        return new Promise(() => undefined);
      },
      close: () => Promise.resolve(),
    });
  const first = start();
  await make(store, KEYS, 1, 1);
  await reached.promise;
  await first.stop();
  const second = start();
  await eventually(() => second.isLeader(), 'the second leads');
});

it('a batch that is too large for the broker is halved until it fits', async () => {
  const { store, broker, start, sent } = await setUp();
  let largest = 0;
  broker.beforeSend = (records) => {
    if (records.length > 3) throw new MessageTooLargeError('too large');
    largest = Math.max(largest, records.length);
    return records;
  };
  await make(store, KEYS, 1, 3);
  start();
  await eventually(() => KEYS.every((key) => sent(key).length === 3), 'all are sent');
  expect(largest).toBeLessThanOrEqual(3);
  for (const key of KEYS) expect(sent(key)).toEqual(upTo(3));
});

it('a rewind sends one partition again from the place, whichever process was asked', async () => {
  const { store, positions, start, sent } = await setUp();
  const leader = start();
  await eventually(() => leader.isLeader(), 'the first leads');
  const other = start();
  await make(store, ['a'], 1, 6);
  const stored = () => positions.cursors.map((cursor) => cursor.place.position);
  await eventually(() => Math.max(...stored()) === 6, 'all are sent, and the cursors stored');
  await other.requestRewind(partitionOf('a', PARTITIONS), place('1.3.0'));
  await eventually(() => sent('a').length === 9, 'three are sent again');
  expect(sent('a')).toEqual([1, 2, 3, 4, 5, 6, 4, 5, 6]);
  await make(store, ['a'], 7, 7);
  await eventually(() => sent('a').at(-1) === 7, 'it goes on');
  expect(leader.isLeader()).toBe(true);
  await expect(other.requestRewind(PARTITIONS, place('1.1.0'))).rejects.toThrow(RangeError);
});

it('a rewind to a place beyond the stored cursor sends again what only memory counted as sent', async () => {
  const { store, broker, positions, start, sent } = await setUp();
  const leader = start();
  await eventually(() => leader.isLeader(), 'it leads');
  // From here on its saves do not come through: the table knows of nothing that it sends.
  positions.save = () => Promise.reject(new AppError('away', 'away', { retryable: true }));
  await make(store, ['a'], 1, 4);
  await eventually(() => sent('a').length === 4, 'all are sent');
  expect(positions.cursors.map((cursor) => cursor.place.position)).toEqual([0, 0, 0, 0]);
  // Kafka loses all of it; the consumer has handled two.
  broker.wipe(TOPIC);
  await leader.requestRewind(partitionOf('a', PARTITIONS), place('1.2.0'));
  await eventually(() => sent('a').includes(4), 'the rest is sent again');
  expect(sent('a').slice(-2)).toEqual([3, 4]);
});

it('a topic that is gone is made again when a send fails, and sent everything', async () => {
  const { store, broker, start, sent } = await setUp();
  start();
  await make(store, KEYS, 1, 3);
  await eventually(() => KEYS.every((key) => sent(key).length === 3), 'all are sent');
  broker.remove(TOPIC);
  await make(store, KEYS, 4, 4);
  // What it was about to send may come first: the leader learns of the rewind at its next save.
  await eventually(() => KEYS.every((key) => sent(key).includes(1)), 'all are sent again');
  for (const key of KEYS) expect(sent(key).slice(-4)).toEqual(upTo(4));
});

it('a topic that was lost is sent everything, also when recording that failed at first', async () => {
  const { store, broker, positions, start, sent } = await setUp();
  start();
  await make(store, KEYS, 1, 3);
  await eventually(() => KEYS.every((key) => sent(key).length === 3), 'all are sent');
  const rewind = positions.rewind.bind(positions);
  let failures = 0;
  positions.rewind = (...to) => {
    failures += 1;
    const away = new AppError('away', 'away', { retryable: true });
    return failures <= 2 ? Promise.reject(away) : rewind(...to);
  };
  broker.remove(TOPIC);
  await make(store, KEYS, 4, 4);
  await eventually(() => KEYS.every((key) => sent(key).includes(1)), 'all are sent again');
  for (const key of KEYS) expect(sent(key).slice(-4)).toEqual(upTo(4));
});

it('a topic that was lost is sent everything by the leader, whoever makes it again', async () => {
  const { store, broker, start, sent, ensure } = await setUp();
  start();
  await make(store, KEYS, 1, 3);
  await eventually(() => KEYS.every((key) => sent(key).length === 3), 'all are sent');
  broker.remove(TOPIC);
  // A replica that does not lead, and that ends right afterwards.
  await ensure();
  await eventually(() => KEYS.every((key) => sent(key).length === 3), 'all are sent again');
  for (const key of KEYS) expect(sent(key)).toEqual(upTo(3));
});

it('a log that lost its end ends the relay before its positions are used again', async () => {
  const { store, positions, fatal, start, sent } = await setUp();
  const cursors = Array.from({ length: PARTITIONS }, (_, partition) => ({
    ...{ partition, place: place('1.50.0'), scannedPosition: 50 },
  }));
  const { epoch } = (await positions.acquire('before')) ?? { epoch: 0 };
  await positions.release('before', { epoch, cursors });
  await make(store, ['a'], 1, 3);
  start();
  await eventually(() => fatal.length > 0, 'the relay gives up');
  expect(fatal[0]).toBeInstanceOf(AppError);
  expect(String(fatal[0])).toMatch(/Raise the incarnation/);
  expect(sent('a')).toEqual([]);
});

it('a database that is away is looked for twice a second', async () => {
  const { positions, start } = await setUp();
  let looks = 0;
  positions.acquire = () => {
    looks += 1;
    return Promise.reject(new AppError('away', 'The database is away', { retryable: true }));
  };
  import.meta.jest.useFakeTimers();
  try {
    start();
    await import.meta.jest.advanceTimersByTimeAsync(60_000);
    const before = looks;
    await import.meta.jest.advanceTimersByTimeAsync(10_000);
    expect(looks - before).toBeGreaterThanOrEqual(20);
  } finally {
    import.meta.jest.useRealTimers();
  }
});
