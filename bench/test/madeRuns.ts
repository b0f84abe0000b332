// Runs made up for tests of the report.
import { judgeTargets } from '../report/targets.ts';
import type { BenchResults, RunResult } from '../results.ts';

const LATENCY_MS = { p50: 10, p90: 20, p99: 30, max: 40 };

/** A run of Orderflow on the hot product at 256 connections, if nothing else is said; rates are of its load. */
export function madeRun(perSecond: number, over: Partial<RunResult> = {}): RunResult {
  return {
    contender: 'orderflow',
    variant: '',
    scenario: 'hot',
    connections: 256,
    round: 1,
    load: { seconds: 10, answers: { 200: perSecond * 10 }, perSecond, latencyMs: LATENCY_MS },
    processes: [
      {
        name: 'orders',
        cpuMicrosecondsPerOrder: 200,
        rssMib: { before: 100, after: 120 },
        eventLoopDelayP99Ms: 12,
      },
      { name: 'mysql', cpuMicrosecondsPerOrder: 90, rssMib: { before: 300, after: 310 } },
    ],
    commitsPerOrder: 0.04,
    fsyncsPerOrder: 0.2,
    kafkaBatchesPerOrder: 0.03,
    bookFaults: [],
    ...over,
  };
}

/** A whole benchmark of these runs. */
export function madeResults(
  runs: readonly RunResult[],
  over: Partial<BenchResults> = {},
): BenchResults {
  return {
    setting: {
      startedAt: '2026-01-01T00:00:00.000Z',
      commit: 'abc1234',
      cpu: 'a processor',
      cores: 2,
      memoryGib: 8,
      versions: { node: 'v24' },
      settings: { sync_binlog: '1' },
      loadAverageBefore: 0.1,
    },
    sweeps: [],
    runs,
    targets: judgeTargets(runs, over.soak),
    voidReasons: [],
    ...over,
  };
}
