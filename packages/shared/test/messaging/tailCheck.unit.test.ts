// How long a partition may stand still, and which time counts.
import { GapWatch } from '../../src/messaging/gapWatch.ts';
import { createMutex } from '../../src/messaging/mutex.ts';
import { assignedPartition, type PartitionState } from '../../src/messaging/partitionState.ts';
import { TailCheck } from '../../src/messaging/tailCheck.ts';
import { AppError } from '../../src/runtime/appError.ts';
import { createLogger } from '../../src/runtime/logger.ts';

const logger = createLogger({ service: 'test', level: 'silent' });

/** Two topics of one partition each, in which a message waits; `looksAfter` lets time pass and looks. */
function setUp() {
  let time = 0;
  const now = () => time;
  const silent = new Set<string>();
  const isCurrent = () => true;
  const check = new TailCheck({
    ...{ logger, now, isCurrent, exclusive: createMutex() },
    broker: {
      readOffsets: (topic) =>
        silent.has(topic)
          ? Promise.reject(new AppError('kafka_unavailable', 'away', { retryable: true }))
          : Promise.resolve(new Map([[0, { low: 0n, high: 1n }]])),
    },
    connection: { seek: () => undefined },
    gaps: new GapWatch({ requestRewind: () => Promise.resolve(), logger, now, isCurrent }),
  });
  const states = ['a', 'b'].map((topic): PartitionState => {
    return { ...assignedPartition({ topic, partition: 0 }), phase: 'reading' };
  });
  const looksAfter = (milliseconds: number) => {
    time += milliseconds;
    return check.run(states);
  };
  return { looksAfter, silent, states };
}

it('a partition in which messages wait may stand still for 30 s', async () => {
  const { looksAfter } = setUp();
  expect(await looksAfter(0)).toEqual([]);
  expect(await looksAfter(29_000)).toEqual([]);
  expect(await looksAfter(1_000)).toEqual(['a/0', 'b/0']);
});

it('a question that Kafka leaves unanswered does not start the time anew, and its own time does not count', async () => {
  const { looksAfter, silent } = setUp();
  await looksAfter(0);
  await looksAfter(20_000);
  silent.add('a');
  // The other topic was answered: its partition has stood still all the time.
  expect(await looksAfter(10_000)).toEqual(['b/0']);
  expect(await looksAfter(60_000)).toEqual(['b/0']);
  silent.clear();
  expect(await looksAfter(9_000)).toEqual(['b/0']);
  expect(await looksAfter(1_000)).toEqual(['a/0', 'b/0']);
});

it('a partition that moves, or that waits for something known, begins anew', async () => {
  const { looksAfter, states } = setUp();
  const [first, second] = states;
  if (first === undefined || second === undefined) throw new Error('there are two');
  await looksAfter(0);
  await looksAfter(20_000);
  first.readOffset = 1n;
  second.phase = 'waiting';
  expect(await looksAfter(20_000)).toEqual([]);
  first.readOffset = 0n;
  second.phase = 'reading';
  expect(await looksAfter(20_000)).toEqual([]);
  expect(await looksAfter(30_000)).toEqual(['a/0', 'b/0']);
});
