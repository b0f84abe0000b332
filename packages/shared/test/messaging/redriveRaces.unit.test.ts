// Parked keys that are tried again while others are at work, or the store fails: over a store and a broker in memory.
import { ConflictError } from '../../src/eventstore/eventStore.ts';
import { AppError } from '../../src/runtime/appError.ts';
import { eventually } from '../../src/testing/eventually.ts';
import { ofA, stopConsumers, TOPIC } from './heardConsumer.ts';
import { AT, heardBy, place, upTo } from './madeDomain.ts';
import { failing, setUpParked, type Hearing } from './parkedKeyA.ts';

afterEach(stopConsumers);

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

it('a key that was freed by a commit whose answer was lost is free', async () => {
  let isFirst = true;
  const ground = await setUpParked({
    store: (real) => ({
      ...real,
      async commit(units) {
        const recorded = await real.commit(units);
        if (units[0]?.redrive !== undefined && isFirst) {
          isFirst = false;
          // It waits for the end of this step.
          ground.broker.append(TOPIC, 0, ofA(6));
          throw new AppError('commit_unknown', 'unknown', { retryable: true });
        }
        return recorded;
      },
    }),
  });
  ground.broken.clear();
  ground.wish('retry');
  await ground.untilHeard('a', 6);
  expect(isFirst).toBe(false);
  expect(ground.store.parked()).toEqual([]);
});

it('an answer that loses a race is given again', async () => {
  let answers = 0;
  const { broken, wish, fatal, untilHeard, untilAnswered, parkedNumbers } = await setUpParked({
    store: (real) => ({
      ...real,
      async commit(units) {
        const events = units.flatMap(({ streams }) => streams.flatMap((stream) => stream.events));
        if (events.some(({ event }) => event.data.number === 4)) throw new Error('too long');
        if (units[0]?.redrive?.removed.length === 0 && (answers += 1) === 1)
          throw new ConflictError('cursor', 'a');
        return real.commit(units);
      },
    }),
  });
  broken.clear();
  wish('retry');
  await untilHeard('a', 3);
  await untilAnswered();
  expect(parkedNumbers()).toEqual([4, 5]);
  expect(answers).toBe(2);
  expect(fatal).toEqual([]);
});
