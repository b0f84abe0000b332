// Three brokers with every topic on all of them, of which one after the other goes: two that are in sync are left each time.
import { Kafka, logLevel } from 'kafkajs';
import { eventually } from '@orderflow/shared/testing/eventually.ts';
import {
  CONSUMER_LIMIT_MS,
  KILL_RUNS,
  OTHER_RUNS,
  RECOVERY_LIMIT_MS,
  repeatUnderLoad,
  THREE_BROKERS,
  type Cell,
} from './cell.ts';
import { sleep } from './sleep.ts';

const DOWN_MS = [1_000, 10_000] as const;

/** Recovery is counted from the moment when the broker goes: the other two must take over while it is away. */
export const clusterCells: readonly Cell[] = (['kill', 'restart'] as const).map((how): Cell => ({
  name: `${how}:one-broker-of-three`,
  ground: THREE_BROKERS,
  matrixRuns: how === 'kill' ? KILL_RUNS : OTHER_RUNS,
  limitMs: CONSUMER_LIMIT_MS,
  run: (ground, runs) =>
    repeatUnderLoad(ground, runs, async (run) => {
      const { brokers } = ground.stack.servers;
      const broker = brokers[run % brokers.length];
      const goneAt = performance.now();
      await (how === 'kill' ? broker?.killForNow() : broker?.stop());
      const what = `${broker?.name} was gone`;
      const flowing = ground.load.untilFlowing(goneAt, what, RECOVERY_LIMIT_MS);
      await sleep(ground.random.integer(...DOWN_MS));
      // The next one may only go when this one is back in sync: with two away nothing can be written.
      await broker?.start();
      const recoveryMs = await flowing;
      await untilInSync(ground.stack.servers.accessOf('orders').brokers);
      return recoveryMs;
    }),
}));

/** Waits until every partition has all three brokers in sync. */
async function untilInSync(brokers: readonly string[]): Promise<void> {
  const admin = new Kafka({ brokers: [...brokers], logLevel: logLevel.NOTHING }).admin();
  await admin.connect();
  try {
    const allInSync = async () => {
      const { topics } = await admin.fetchTopicMetadata();
      return topics.every(({ partitions }) => partitions.every(({ isr }) => isr.length === 3));
    };
    await eventually(allInSync, 'all brokers are in sync', {
      ...{ timeoutMs: RECOVERY_LIMIT_MS, intervalMs: 500 },
    });
  } finally {
    await admin.disconnect();
  }
}
