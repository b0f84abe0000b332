// Orderflow at load for minutes: does its memory grow?
import { orderflow } from './contenders/orderflow/orderflow.ts';
import type { Ground } from './ground.ts';
import { measureRun } from './measure/measureRun.ts';
import { watchMemory } from './measure/memory.ts';
import type { RunResult } from './results.ts';
import { scenarioOf, usersNeeded, type Extent } from './scenarios.ts';
import type { OnStage } from './stage.ts';

const SECONDS_PER_MINUTE = 60;
const WARMUP_SECONDS = 10;
const MEMORY_LOOK_MS = 10_000;

/** Runs `spread` in a closed loop: as much as Orderflow can do, over many products and users. */
export async function runSoak(
  ground: Ground,
  onStage: OnStage,
  poolSize: number,
  minutes: number,
  connections: number,
  extent: Extent,
): Promise<RunResult> {
  const scenario = scenarioOf('spread', extent);
  return onStage(orderflow, poolSize, usersNeeded([scenario]), async (subject) => {
    const memory = watchMemory(subject.running.processes, MEMORY_LOOK_MS);
    const seconds = minutes * SECONDS_PER_MINUTE;
    try {
      const options = { connections, warmupSeconds: WARMUP_SECONDS, seconds, round: 1 };
      const result = await measureRun(ground, subject, scenario, options);
      return { ...result, memory: memory.stop() };
    } finally {
      memory.stop();
    }
  });
}
