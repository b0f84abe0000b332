import { monolithOfProcedure, monolithOfStatements } from '../contenders/monolith/monolith.ts';
import type { RunResult, SweepResult } from '../results.ts';
import { bestPoolSize } from '../sweep.ts';
import { findVoidReasons } from '../voidReasons.ts';

const swept = (poolSize: number, scenario: 'hot' | 'spread', perSecond: number): SweepResult => ({
  contender: 'monolith',
  variant: 'statements',
  scenario,
  poolSize,
  perSecond,
  bookFaults: [],
});

test('the best pool is the best over both scenarios, not in the quicker one alone', () => {
  const sweeps = [
    swept(4, 'hot', 400),
    swept(4, 'spread', 900),
    swept(64, 'hot', 200),
    swept(64, 'spread', 1_400),
  ];
  expect(bestPoolSize(monolithOfStatements, sweeps)).toBe(4);
});

test('a contender that was not swept has its usual pool', () => {
  const sweeps = [swept(4, 'hot', 400)];
  expect(bestPoolSize(monolithOfProcedure, sweeps)).toBe(monolithOfProcedure.usualPoolSize);
});

const run = (variant: string, perSecond: number): RunResult => ({
  contender: 'monolith',
  variant,
  scenario: 'hot',
  connections: 64,
  round: 1,
  load: { seconds: 1, answers: {}, perSecond, latencyMs: { p50: 0, p90: 0, p99: 0, max: 0 } },
  processes: [],
  commitsPerOrder: 1,
  fsyncsPerOrder: 2,
  kafkaBatchesPerOrder: 0,
  bookFaults: [],
});

test('a benchmark whose monolith does far less than it can is void', () => {
  const [reason, ...more] = findVoidReasons([run('statements', 300), run('procedure', 500)]);
  expect(reason).toContain('monolith, hot, 64 connections: 500/s, at least 578/s');
  expect(more).toEqual([]);
});

test('the better variant decides, and its median over the rounds', () => {
  const runs = [300, 900, 600].map((perSecond) => run('procedure', perSecond));
  expect(findVoidReasons([...runs, run('statements', 100)])).toEqual([]);
});

test('an open loop says nothing of what a contender can do', () => {
  const open = { ...run('procedure', 100), arrivalsPerSecond: 100 };
  expect(findVoidReasons([open])).toEqual([]);
});
