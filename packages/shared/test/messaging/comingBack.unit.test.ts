// Partitions that come back, after they have waited or were another's for a while.
import { Assignment, type AssignmentDeps } from '../../src/messaging/assignment.ts';
import { createMutex } from '../../src/messaging/mutex.ts';
import { partitionName } from '../../src/messaging/partitionState.ts';
import { AppError } from '../../src/runtime/appError.ts';
import { createLogger } from '../../src/runtime/logger.ts';
import { eventually } from '../../src/testing/eventually.ts';
import { madeMessage, ofA, setUpConsumer, stopConsumers, TOPIC } from './heardConsumer.ts';
import { place } from './madeDomain.ts';

afterEach(stopConsumers);

/** A message that a newer build would read. */
const newerB = madeMessage(9, 0, { key: 'b', number: 1 }).replace(
  '"dataversion":1',
  '"dataversion":2',
);

/** Partition 0 has heard of 'a' once, and partition 1 waits for a newer build. */
async function setUpWaiting() {
  const streamsRead: string[] = [];
  let loads = 0;
  const given = await setUpConsumer({
    store: (store) => ({
      ...store,
      readStreams(streamIds) {
        streamsRead.push(...streamIds);
        return store.readStreams(streamIds);
      },
      readCursors(...of) {
        loads += 1;
        return store.readCursors(...of);
      },
    }),
  });
  const { broker, start, untilHeard } = given;
  broker.append(TOPIC, 0, ofA(1));
  start();
  await untilHeard('a', 1);
  const before = loads;
  broker.append(TOPIC, 1, newerB);
  await eventually(() => loads > before + 2, 'the partition has come back again and again');
  const readsOfA = (): number => streamsRead.filter((streamId) => streamId === 'heard-a').length;
  return { ...given, readsOfA };
}

it('what the other partitions have in memory stays there while one waits and comes back', async () => {
  const { broker, untilHeard, readsOfA } = await setUpWaiting();
  broker.append(TOPIC, 0, ofA(2));
  await untilHeard('a', 2);
  expect(readsOfA()).toBe(1);
});

it('nothing stays in memory when another owner has moved the cursor of the one that waited', async () => {
  const { broker, store, untilHeard, readsOfA } = await setUpWaiting();
  const to = { topic: TOPIC, partition: 1, place: place('1.9.0'), nextOffset: '1' };
  const move = { consumer: 'consumer', from: place('0.0.0'), fromOffset: '0', to };
  await store.commit([{ streams: [], cursors: [move] }]);
  broker.append(TOPIC, 1, madeMessage(10, 9, { key: 'c', number: 1 }));
  await untilHeard('c', 1);
  broker.append(TOPIC, 0, ofA(2));
  await untilHeard('a', 2);
  expect(readsOfA()).toBe(2);
});

/** An assignment whose partitions are made ready like this. */
function assignmentThat(load: AssignmentDeps['load']): Assignment {
  return new Assignment({
    exclusive: createMutex(),
    load,
    pause: () => undefined,
    forget: () => undefined,
    renew: () => undefined,
    onBug: (error) => {
      throw error;
    },
    logger: createLogger({ service: 'test', level: 'silent' }),
  });
}

it('partitions that were lost together come back together', async () => {
  const loads: string[][] = [];
  const partitions = [0, 1, 2].map((partition) => ({ topic: TOPIC, partition }));
  const assignment = assignmentThat((states) => {
    loads.push(states.map(partitionName));
    return Promise.resolve();
  });
  assignment.replace(partitions);
  await eventually(() => loads.length === 1, 'all are loaded');
  assignment.setAside({ lost: [...assignment.all()], stalled: [] });
  await eventually(() => loads.flat().length === 6, 'all have come back');
  expect(loads).toHaveLength(2);
  assignment.end();
});

/** How often a partition is looked at in ten seconds, when it has failed with this error for a minute. */
async function looksInTenSeconds(error: AppError): Promise<number> {
  let looks = 0;
  const assignment = assignmentThat(() => {
    looks += 1;
    return Promise.reject(error);
  });
  import.meta.jest.useFakeTimers();
  try {
    assignment.replace([{ topic: TOPIC, partition: 0 }]);
    await import.meta.jest.advanceTimersByTimeAsync(60_000);
    const before = looks;
    await import.meta.jest.advanceTimersByTimeAsync(10_000);
    return looks - before;
  } finally {
    assignment.end();
    import.meta.jest.useRealTimers();
  }
}

it('partitions that wait for the database are looked at every second, however long it is away', async () => {
  const away = new AppError('away', 'The database is away', { retryable: true });
  expect(await looksInTenSeconds(away)).toBeGreaterThanOrEqual(10);
});

it('partitions that wait for a newer build are looked at every five seconds: no look helps', async () => {
  const newer = new AppError('newer_schema', 'A newer build reads it', { retryable: true });
  const looks = await looksInTenSeconds(newer);
  expect(looks).toBeGreaterThanOrEqual(2);
  expect(looks).toBeLessThanOrEqual(3);
});
