// Parked keys that are tried again or given up, over a store and a broker in memory.
import type { KeptMessage, Wish } from '../../src/eventstore/eventStore.ts';
import { planRedrive } from '../../src/messaging/redrivePlan.ts';
import { DropRefusal, type Reactions } from '../../src/messaging/reaction.ts';
import { createStateCache } from '../../src/messaging/stateCache.ts';
import { AppError } from '../../src/runtime/appError.ts';
import { eventually } from '../../src/testing/eventually.ts';
import {
  madeMessage,
  ofA,
  setUpConsumer,
  stopConsumers,
  TOPIC,
  type Bent,
} from './heardConsumer.ts';
import { AT, heardBy, heardEvolution, hearing, place, upTo, type Made } from './madeDomain.ts';

afterEach(stopConsumers);

type Hearing = Reactions<number, { type: 'Heard'; data: Made['data'] }, Made>;

/** Fails on what `broken` names, as long as it does. */
function failing() {
  const broken = new Map<number, unknown>([[3, new Error('not yet')]]);
  const reactions: Hearing = {
    ...hearing,
    react(fact, load) {
      if (broken.has(fact.data.number)) throw broken.get(fact.data.number);
      return hearing.react(fact, load);
    },
    async drop({ data: { at, key, number } }, load) {
      if (number > 3) throw new DropRefusal('this one is owed');
      await load(`heard-${key}`);
      return [{ streamId: `heard-${key}`, events: [{ type: 'Heard', data: { at, key, number } }] }];
    },
  };
  return { broken, reactions };
}

/** A consumer that has parked the messages 3 to 5 of key 'a'. */
async function setUpParked(bent: Bent = {}) {
  const { broken, reactions } = failing();
  const ground = await setUpConsumer({ reactions, ...bent });
  const consumer = ground.start();
  ground.broker.append(TOPIC, 0, ...upTo(5).map(ofA));
  await eventually(() => ground.store.parked().length === 3, 'the key is parked');
  const wish = (what: Wish, number = 3) => {
    const at = { consumer: 'consumer', topic: TOPIC, key: 'a', place: place(`1.${number}.0`) };
    ground.store.wish(at, what);
  };
  const untilAnswered = () =>
    eventually(
      () => ground.store.parked().every((kept) => kept.wish === null),
      'the wish is answered',
    );
  const parkedNumbers = () => ground.store.parked().map((kept) => kept.place.position);
  return { ...ground, consumer, broken, wish, untilAnswered, parkedNumbers };
}

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

it('messages that come while their key is tried again are handled behind it', async () => {
  const begun = Promise.withResolvers<undefined>();
  const goOn = Promise.withResolvers<undefined>();
  const ready = failing();
  const reactions: Hearing = {
    ...ready.reactions,
    async react(fact, load) {
      if (fact.data.number === 4) {
        begun.resolve(undefined);
        await goOn.promise;
      }
      return ready.reactions.react(fact, load);
    },
  };
  const { wish, broker, untilHeard } = await setUpParked({ reactions });
  ready.broken.clear();
  wish('retry');
  await begun.promise;
  broker.append(TOPIC, 0, ofA(6), ofA(7));
  goOn.resolve(undefined);
  // The domain throws at a number that is out of turn.
  await untilHeard('a', 7);
});

it('another owner that has redriven the key first leaves nothing to this one', async () => {
  let isFirst = true;
  const { broken, wish, store, parkedNumbers } = await setUpParked({
    store: (real) => ({
      ...real,
      async commit(units) {
        const redrive = units[0]?.redrive;
        if (redrive !== undefined && isFirst) {
          isFirst = false;
          const heard = { type: 'Heard' as const, data: { at: AT, key: 'a', number: 3 } };
          const metadata = { correlationId: 'correlation', causationId: 'other' };
          const streams = [
            { streamId: 'heard-a', expectedVersion: 2, events: [{ event: heard, metadata }] },
          ];
          await real.commit([
            { streams, redrive: { ...redrive, removed: [place('1.3.0')], kept: undefined } },
          ]);
        }
        return real.commit(units);
      },
    }),
  });
  broken.clear();
  wish('retry');
  await eventually(async () => {
    expect((await heardBy(store)).get('a')).toEqual(upTo(3));
    return true;
  }, 'the first is handled once');
  await eventually(() => parkedNumbers().join() === '4,5', 'the others stay in order');
  wish('retry', 4);
  await eventually(() => store.parked().length === 0, 'they are handled');
  expect((await heardBy(store)).get('a')).toEqual(upTo(5));
});

it('a message whose transaction fails stays, alone, with all that follow', async () => {
  const { broken, wish, store, untilHeard, untilAnswered, parkedNumbers } = await setUpParked({
    store: (real) => ({
      ...real,
      async commit(units) {
        const events = units.flatMap(({ streams }) => streams.flatMap((stream) => stream.events));
        if (events.some(({ event }) => event.data.number === 4)) throw new Error('too long');
        return real.commit(units);
      },
    }),
  });
  broken.clear();
  wish('retry');
  await untilHeard('a', 3);
  await untilAnswered();
  expect(parkedNumbers()).toEqual([4, 5]);
  expect(store.parked()[0]?.reason).toBe('Error: too long');
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
