// A consumer whose step hangs ends its process; one whose database answers, with whatever, goes on.
import { createMutex } from '../../src/messaging/mutex.ts';
import { StepWatch, type StepStore } from '../../src/messaging/stepWatch.ts';
import { eventually } from '../../src/testing/eventually.ts';
import { ofA, setUpConsumer, stopConsumers, TOPIC } from './heardConsumer.ts';
import type { Heard, Made } from './madeDomain.ts';

afterEach(stopConsumers);

it('a commit that is never answered ends the process, though flushes and checks wait behind it', async () => {
  const reached = Promise.withResolvers<undefined>();
  const hanging = Promise.withResolvers<never>();
  let halted = 0;
  const { broker, start, fatal } = await setUpConsumer({
    now: () => performance.now() + halted,
    store: (store) => ({
      ...store,
      commit() {
        reached.resolve(undefined);
        return hanging.promise;
      },
    }),
  });
  broker.append(TOPIC, 0, ofA(1));
  start();
  await reached.promise;
  expect(fatal).toEqual([]);
  halted = 31_000;
  await eventually(() => fatal.length > 0, 'the process is to end');
  expect(fatal[0]).toMatch(/the step in hand gets no answer/);
  hanging.reject(new Error('the test is over'));
});

it('a step is silent from its beginning or its last answer on, and an error is an answer', async () => {
  let now = 0;
  const watch = new StepWatch(() => now);
  const exclusive = watch.watchSteps(createMutex());
  const store: Pick<StepStore<Heard, Made>, 'readStreams' | 'commit'> = watch.watchAnswers({
    readStreams: () => Promise.resolve(new Map()),
    readSnapshots: () => Promise.resolve(new Map()),
    readCursors: () => Promise.resolve([]),
    readParkedKeys: () => Promise.resolve(new Set<string>()),
    readParked: () => Promise.resolve([]),
    readWishes: () => Promise.resolve([]),
    commit: () => Promise.reject(new Error('away')),
  });
  const after = (milliseconds: number) => {
    now += milliseconds;
    return () => {
      watch.requireAnswers();
    };
  };
  expect(after(60_000)).not.toThrow();
  await exclusive(async () => {
    expect(after(29_000)).not.toThrow();
    await store.commit([]).catch(() => undefined);
    expect(after(29_000)).not.toThrow();
    await store.readStreams([]);
    expect(after(29_000)).not.toThrow();
    expect(after(1_000)).toThrow(/No progress for 30000 ms/);
  });
  expect(after(60_000)).not.toThrow();
});
