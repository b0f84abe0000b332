// Streams of the consumer's own log that cannot be read, and decisions that cannot be folded: whom that concerns.
import { AppError } from '../../src/runtime/appError.ts';
import { eventually } from '../../src/testing/eventually.ts';
import {
  madeMessage,
  setUpConsumer,
  stopConsumers,
  TOPIC,
  type HeardStore,
} from './heardConsumer.ts';
import { heardBy, heardEvolution, hearing, type Heard } from './madeDomain.ts';

afterEach(stopConsumers);

/** Reading the stream of key 'bad' fails, alone or among others. */
const unreadable =
  (error: Error) =>
  (inner: HeardStore): HeardStore => ({
    ...inner,
    readStreams: (streamIds) =>
      streamIds.includes('heard-bad') ? Promise.reject(error) : inner.readStreams(streamIds),
  });

it('a stream that a newer build has written makes the partition of its message wait, and no other', async () => {
  const newer = new AppError('newer_schema', 'newer', { retryable: true });
  const { broker, start, store, fatal, untilHeard } = await setUpConsumer({
    store: unreadable(newer),
  });
  broker.append(TOPIC, 0, madeMessage(1, 0, { key: 'a', number: 1 }));
  broker.append(TOPIC, 0, madeMessage(2, 1, { key: 'bad', number: 1 }));
  broker.append(TOPIC, 1, madeMessage(9, 0, { key: 'b', number: 1 }));
  start();
  await untilHeard('a', 1);
  await untilHeard('b', 1);
  broker.append(TOPIC, 1, madeMessage(10, 9, { key: 'b', number: 2 }));
  await untilHeard('b', 2);
  expect(store.parked()).toEqual([]);
  expect(fatal).toEqual([]);
});

it('a stream that is damaged has its messages parked, and the others go on', async () => {
  const { broker, start, store, fatal, untilHeard } = await setUpConsumer({
    store: unreadable(new Error('damaged')),
  });
  broker.append(TOPIC, 0, madeMessage(1, 0, { key: 'a', number: 1 }));
  broker.append(TOPIC, 0, madeMessage(2, 1, { key: 'bad', number: 1 }));
  broker.append(TOPIC, 0, madeMessage(3, 2, { key: 'a', number: 2 }));
  start();
  await untilHeard('a', 2);
  expect(store.parked().map(({ key, reason }) => [key, reason])).toEqual([
    ['bad', 'Error: damaged'],
  ]);
  expect(fatal).toEqual([]);
});

it('a message is parked with nothing of it kept when one of its decisions cannot be folded', async () => {
  const event = (key: string, number: number): Heard => ({
    type: 'Heard',
    data: { at: '', key, number },
  });
  const { broker, start, store, untilHeard } = await setUpConsumer({
    reactions: {
      ...hearing,
      react: (fact, load) =>
        fact.data.key === 'bad'
          ? Promise.resolve([
              { streamId: 'heard-a', events: [event('a', 2)] },
              { streamId: 'heard-bad', events: [event('bad', 666)] },
            ])
          : hearing.react(fact, load),
    },
    evolution: {
      ...heardEvolution,
      evolve(state, heard) {
        if (heard.data.number === 666) throw new Error('cannot be folded');
        return heardEvolution.evolve(state, heard);
      },
    },
  });
  broker.append(TOPIC, 0, madeMessage(1, 0, { key: 'a', number: 1 }));
  broker.append(TOPIC, 0, madeMessage(2, 1, { key: 'bad', number: 1 }));
  // It is the second of 'a', unless something of the parked message was kept.
  broker.append(TOPIC, 0, madeMessage(3, 2, { key: 'a', number: 2 }));
  start();
  await eventually(() => store.parked().length > 0, 'one is parked');
  await untilHeard('a', 2);
  expect(store.parked().map(({ key }) => key)).toEqual(['bad']);
  expect((await heardBy(store)).has('bad')).toBe(false);
});
