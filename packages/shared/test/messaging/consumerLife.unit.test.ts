// How a consumer comes to be ready, what it waits for, what ends it, and how it stops.
import type { GroupMember, MessageBroker } from '../../src/messaging/transport.ts';
import { AppError } from '../../src/runtime/appError.ts';
import { createLogger } from '../../src/runtime/logger.ts';
import { eventually } from '../../src/testing/eventually.ts';
import { ofA, setUpConsumer, stopConsumers, TOPIC } from './heardConsumer.ts';

afterEach(stopConsumers);

const PARTITIONS = [0, 1].map((partition) => ({ topic: TOPIC, partition }));
const refusal = new AppError('kafka_not_authorized', 'Kafka does not let User:x do this', {
  retryable: true,
});

/** Gives the member of the group to `seen`, and may bend its connection. */
const watchGroup =
  (seen: { member?: GroupMember }, start?: (go: () => Promise<void>) => Promise<void>) =>
  (inner: MessageBroker): MessageBroker => ({
    ...inner,
    createGroupConnection(group, member) {
      seen.member = member;
      const connection = inner.createGroupConnection(group, member);
      const go = connection.start.bind(connection);
      if (start !== undefined) connection.start = () => start(go);
      return connection;
    },
  });

it('is ready when the cursors of its partitions were read, and stays so when the group joins anew', async () => {
  const seen: { member?: GroupMember } = {};
  const gate = Promise.withResolvers<undefined>();
  let reads = 0;
  const { start } = await setUpConsumer({
    broker: watchGroup(seen),
    store: (store) => ({
      ...store,
      async readCursors(...of) {
        reads += 1;
        await gate.promise;
        return store.readCursors(...of);
      },
    }),
  });
  const consumer = start();
  const require = () => {
    consumer.requireReady();
  };
  await eventually(() => reads === 1, 'the group is joined');
  expect(require).toThrow('the cursors are not read yet');
  gate.resolve(undefined);
  await eventually(() => {
    require();
    return true;
  }, 'it is ready');
  seen.member?.onAssigned(PARTITIONS);
  expect(require).not.toThrow();
});

it('waits for a right that is missing, and says so', async () => {
  let isAllowed = false;
  const { broker, start, fatal, untilHeard } = await setUpConsumer({
    broker: watchGroup({}, (go) => (isAllowed ? go() : Promise.reject(refusal))),
  });
  const consumer = start();
  await eventually(() => {
    expect(() => {
      consumer.requireReady();
    }).toThrow(refusal.message);
    return true;
  }, 'it tells what is missing');
  isAllowed = true;
  broker.append(TOPIC, 0, ofA(1));
  await untilHeard('a', 1);
  expect(fatal).toEqual([]);
});

it('joins again when kafkajs has given up for a right that is missing', async () => {
  const seen: { member?: GroupMember } = {};
  let starts = 0;
  const { start, fatal } = await setUpConsumer({
    broker: watchGroup(seen, (go) => {
      starts += 1;
      if (starts > 1) return go();
      seen.member?.onCrash(refusal, false);
      return Promise.resolve();
    }),
  });
  const consumer = start();
  await eventually(() => {
    consumer.requireReady();
    return true;
  }, 'it is ready');
  expect(starts).toBe(2);
  expect(fatal).toEqual([]);
});

it('ends with its reason when joining fails for a bug', async () => {
  const { start, fatal } = await setUpConsumer({
    broker: watchGroup({}, () => Promise.reject(new TypeError('x is not a function'))),
  });
  start();
  await eventually(() => fatal.length > 0, 'it ends');
  expect(fatal[0]).toMatch(/TypeError: x is not a function/);
});

it('stops while a question to Kafka is unanswered, with its cursors stored', async () => {
  const asked = Promise.withResolvers<undefined>();
  let questions = 0;
  const { broker, start, store, untilHeard } = await setUpConsumer({
    broker: (inner) => ({
      ...inner,
      readOffsets(topic) {
        questions += 1;
        if (questions === 1) return inner.readOffsets(topic);
        asked.resolve(undefined);
        return new Promise(() => undefined);
      },
    }),
  });
  broker.append(TOPIC, 0, ofA(1));
  const consumer = start();
  await untilHeard('a', 1);
  await asked.promise;
  broker.append(TOPIC, 0, ofA(1));
  await consumer.stop();
  const [cursor] = await store.readCursors('consumer', TOPIC, [0]);
  expect(Number(cursor?.nextOffset)).toBeGreaterThan(0);
});

it('logs a bug that shows while it stops', async () => {
  const lines: string[] = [];
  const reached = Promise.withResolvers<undefined>();
  const gate = Promise.withResolvers<undefined>();
  const { broker, start } = await setUpConsumer({
    logger: createLogger({
      ...{ service: 'test', level: 'error' },
      destination: { write: (line) => void lines.push(line) },
    }),
    store: (store) => ({
      ...store,
      async commit() {
        reached.resolve(undefined);
        await gate.promise;
        throw new TypeError('x is not a function');
      },
    }),
  });
  broker.append(TOPIC, 0, ofA(1));
  const consumer = start();
  await reached.promise;
  const stopped = consumer.stop();
  gate.resolve(undefined);
  await stopped;
  expect(lines.join('')).toMatch(/x is not a function.*the consumer has failed, while it stops/);
});
