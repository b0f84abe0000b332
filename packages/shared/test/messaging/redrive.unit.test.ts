// Parked keys that are tried again or given up, over a store and a broker in memory.
import type { KeptMessage } from '../../src/eventstore/eventStore.ts';
import { planRedrive } from '../../src/messaging/redrivePlan.ts';
import { createStateCache } from '../../src/messaging/stateCache.ts';
import { AppError } from '../../src/runtime/appError.ts';
import { eventually } from '../../src/testing/eventually.ts';
import { madeMessage, ofA, setUpConsumer, stopConsumers, TOPIC } from './heardConsumer.ts';
import { AT, heardEvolution, hearing, place } from './madeDomain.ts';
import { failing, setUpParked, type Hearing } from './parkedKeyA.ts';

afterEach(stopConsumers);

it('a key that is tried again is handled in order, and is free afterwards', async () => {
  const { broken, wish, broker, store, untilHeard } = await setUpParked();
  broken.clear();
  wish('retry');
  await untilHeard('a', 5);
  expect(store.parked()).toEqual([]);
  broker.append(TOPIC, 0, ofA(6));
  await untilHeard('a', 6);
  expect(store.parked()).toEqual([]);
});

it('a message that fails again stays with all that follow, for its new reason', async () => {
  const { broken, wish, store, untilHeard, untilAnswered, parkedNumbers } = await setUpParked();
  broken.delete(3);
  broken.set(4, new Error('four is worse'));
  wish('retry');
  await untilHeard('a', 3);
  await untilAnswered();
  expect(parkedNumbers()).toEqual([4, 5]);
  expect(store.parked()[0]).toMatchObject({
    ...{ reason: 'Error: four is worse', wish: null },
    answer: 'tried again, and failed again',
  });
});

it('a message that waits for something outside keeps its wish, until it can be handled', async () => {
  const { broken, wish, store, untilHeard } = await setUpParked();
  broken.clear();
  broken.set(4, new AppError('away', 'away', { retryable: true }));
  wish('retry');
  await untilHeard('a', 3);
  await eventually(() => store.parked()[0]?.wish === 'retry', 'the next one carries the wish');
  broken.clear();
  await untilHeard('a', 5);
  expect(store.parked()).toEqual([]);
});

it('a message that is given up leaves what stands in for it, and the rest of the key parked', async () => {
  const { broken, wish, untilHeard, parkedNumbers } = await setUpParked();
  wish('drop');
  await untilHeard('a', 3);
  expect(parkedNumbers()).toEqual([4, 5]);
  broken.clear();
  wish('retry', 4);
  await untilHeard('a', 5);
});

it('a message that may not be given up stays, with the explanation', async () => {
  const { broken, wish, store, untilHeard, untilAnswered } = await setUpParked();
  broken.clear();
  broken.set(4, new Error('four'));
  wish('retry');
  await untilHeard('a', 3);
  await untilAnswered();
  wish('drop', 4);
  await untilAnswered();
  expect(store.parked()).toMatchObject([
    { reason: 'Error: four', answer: 'not dropped: this one is owed' },
    { place: place('1.5.0'), answer: null },
  ]);
});

it('a service that can stand in for nothing gives nothing up', async () => {
  const { reactions } = failing();
  const withoutDrop: Hearing = {
    parse: (message) => reactions.parse(message),
    react: (fact, load) => reactions.react(fact, load),
  };
  const { wish, store, untilAnswered } = await setUpParked({ reactions: withoutDrop });
  wish('drop');
  await untilAnswered();
  expect(store.parked()[0]?.answer).toMatch(/^not dropped: this service must handle every Made/);
});

it('a record that is no message is given up by itself', async () => {
  const { broker, store, wish } = await setUpParked();
  broker.append(TOPIC, 1, 'junk', 'more junk');
  await eventually(() => store.parked().length === 5, 'both are parked');
  const [, second] = store.parked().filter(({ key }) => key === '(unreadable)');
  if (second === undefined) throw new Error('not parked');
  store.wish(second, 'retry');
  await eventually(
    () => store.parked().some(({ answer, value }) => answer !== null && value === 'more junk'),
    'it cannot be tried again',
  );
  store.wish(second, 'drop');
  await eventually(() => store.parked().length === 4, 'it is dropped');
  expect(store.parked().map(({ value }) => value)).toContain('junk');
  wish('drop');
  await eventually(() => store.parked().length === 3, 'other keys are not in its way');
});

it('a record that is no message is given up where no key is parked beside it', async () => {
  const { broker, store, start } = await setUpConsumer();
  start();
  broker.append(TOPIC, 0, 'junk');
  await eventually(() => store.parked().length === 1, 'it is parked');
  const [junk] = store.parked();
  if (junk === undefined) throw new Error('not parked');
  store.wish(junk, 'drop');
  await eventually(() => store.parked().length === 0, 'it is dropped');
});

it('what leaves with one transaction hands its wish to the next message', async () => {
  const { store } = await setUpConsumer();
  const rows = [1, 2, 3].map((number): KeptMessage => ({
    ...{ consumer: 'consumer', topic: TOPIC, partition: 0, key: 'a', reason: 'r', parkedAt: AT },
    ...{ place: place(`1.${number}.0`), answer: null, wish: number === 1 ? 'retry' : null },
    value: madeMessage(number, number - 1, { key: 'a', number }),
  }));
  const plan = await planRedrive(
    {
      ...{ consumer: 'consumer', store, reactions: hearing, evolution: heardEvolution },
      ...{ cache: createStateCache<number>(), now: () => 0 },
    },
    rows.slice(0, 2),
    rows[2],
    'retry',
  );
  expect(plan.unit.redrive).toMatchObject({
    removed: [place('1.1.0'), place('1.2.0')],
    kept: { place: place('1.3.0'), wish: 'retry' },
  });
});
