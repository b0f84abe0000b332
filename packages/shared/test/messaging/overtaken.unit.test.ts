// An owner that another one has overtaken between its look at the cursor and its look at the streams.
import { START } from '../../src/messaging/chain.ts';
import { MAX_POISON_PER_MINUTE } from '../../src/messaging/poisonMeter.ts';
import { AppError } from '../../src/runtime/appError.ts';
import { eventually } from '../../src/testing/eventually.ts';
import {
  madeMessage,
  setUpConsumer,
  stopConsumers,
  TOPIC,
  type HeardStore,
} from './heardConsumer.ts';
import { AT, place } from './madeDomain.ts';

afterEach(stopConsumers);

/** One more than may be parked, each in a key of its own: a second message of a key would be no poison. */
const KEYS = Array.from({ length: MAX_POISON_PER_MINUTE + 1 }, (_, index) => `key-${index}`);
const FIRST_OF_EACH = KEYS.map((key, index) => madeMessage(index + 1, index, { key, number: 1 }));
const NEXT = madeMessage(KEYS.length + 1, KEYS.length, { key: 'key-0', number: 2 });

/** What the other owner commits: the first message of each key, and the cursor behind them. */
function handledByOther(): Parameters<HeardStore['commit']>[0] {
  const streams = KEYS.map((key) => ({
    ...{ streamId: `heard-${key}`, expectedVersion: 0 },
    events: [
      {
        event: { type: 'Heard' as const, data: { at: AT, key, number: 1 } },
        metadata: { correlationId: 'correlation', causationId: 'other' },
      },
    ],
  }));
  const to = {
    ...{ topic: TOPIC, partition: 0, place: place(`1.${KEYS.length}.0`) },
    nextOffset: String(KEYS.length),
  };
  return [{ streams, cursors: [{ consumer: 'consumer', from: START, fromOffset: '0', to }] }];
}

/** A store in which the other owner commits just before the streams are read for the first time. */
function overtaking(inner: HeardStore): HeardStore {
  let isOvertaken = false;
  return {
    ...inner,
    async readStreams(streamIds) {
      if (!isOvertaken) {
        isOvertaken = true;
        await inner.commit(handledByOther());
      }
      return inner.readStreams(streamIds);
    },
  };
}

it('messages that another owner has handled meanwhile are no poison, however many they are', async () => {
  const { broker, start, store, untilHeard } = await setUpConsumer({ store: overtaking });
  broker.append(TOPIC, 0, ...FIRST_OF_EACH, NEXT);
  const consumer = start();
  await untilHeard('key-0', 2);
  consumer.requireReady();
  expect(store.parked()).toEqual([]);
});

it('while the database cannot say whose the cursor is, too much poison waits', async () => {
  let reads = 0;
  const away = new AppError('database_unavailable', 'away', { retryable: true });
  const { broker, start, store, untilHeard } = await setUpConsumer({
    store: (inner) => ({
      ...overtaking(inner),
      readCursors(...given) {
        reads += 1;
        return reads === 2 ? Promise.reject(away) : inner.readCursors(...given);
      },
    }),
  });
  broker.append(TOPIC, 0, ...FIRST_OF_EACH, NEXT);
  const consumer = start();
  await untilHeard('key-0', 2);
  consumer.requireReady();
  expect(store.parked()).toEqual([]);
});

it('too much poison stops the owner whose cursor still stands', async () => {
  const { broker, start, store } = await setUpConsumer();
  const poison = KEYS.map((key, index) =>
    madeMessage(index + 1, index, { key, number: 1, isPoison: true }),
  );
  broker.append(TOPIC, 0, ...poison);
  const consumer = start();
  await eventually(() => {
    expect(() => {
      consumer.requireReady();
    }).toThrow('cannot be handled');
    return true;
  }, 'the consumer has stopped, and says why');
  expect(store.parked()).toEqual([]);
});
