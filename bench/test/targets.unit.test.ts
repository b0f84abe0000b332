import { median } from '../report/statistics.ts';
import { judgeTargets, targetNames } from '../report/targets.ts';
import type { RunResult } from '../results.ts';
import { madeRun } from './madeRuns.ts';

const HOT_BY_MONOLITH = 'hot ÷ monolith, 256 connections: at least 3 ×';
const statements = { contender: 'monolith', variant: 'statements' } as const;
const procedure = { contender: 'monolith', variant: 'procedure' } as const;

const judged = (target: string, runs: readonly RunResult[], soak?: RunResult) =>
  judgeTargets(runs, soak).find((each) => each.target === target);

test('a median is the middle one, or lies between the two in the middle', () => {
  expect(median([9, 1, 5])).toBe(5);
  expect(median([1, 2, 4, 100])).toBe(3);
  expect(() => median([])).toThrow('no median of nothing');
});

test('a ratio is that of the medians over the rounds', () => {
  const runs = [3_000, 9_000, 3_300].map((rate) => madeRun(rate));
  const result = judged(HOT_BY_MONOLITH, [...runs, madeRun(1_000, statements)]);
  expect(result).toMatchObject({ measured: 3.3, wanted: 3, isMet: true });
});

test('the monolith is taken at the better of its variants', () => {
  const runs = [madeRun(3_000), madeRun(900, statements), madeRun(1_200, procedure)];
  expect(judged(HOT_BY_MONOLITH, runs)).toMatchObject({ measured: 2.5, isMet: false });
});

test('a void run counts for nothing', () => {
  const isVoid = { bookFaults: ['product 1: 1 left + 1 confirmed, stock 1'] };
  const rival = madeRun(1_000, statements);
  expect(judged(HOT_BY_MONOLITH, [madeRun(9_000, isVoid), rival])).toBeUndefined();
  expect(judged(HOT_BY_MONOLITH, [madeRun(9_000, isVoid), madeRun(2_000), rival])).toMatchObject({
    measured: 2,
  });
});

test('the demo, which oversells, is compared with all the same', () => {
  const demo = madeRun(100, { contender: 'demo', bookFaults: ['oversold'] });
  const target = 'hot ÷ demo, 256 connections: at least 12 ×';
  expect(judged(target, [madeRun(1_300), demo])).toMatchObject({ measured: 13, isMet: true });
});

test('without a contender’s runs its target is not judged', () => {
  expect(judged(HOT_BY_MONOLITH, [madeRun(3_000)])).toBeUndefined();
  expect(targetNames()).toContain(HOT_BY_MONOLITH);
});

test('nothing run, nothing met', () => {
  expect(judgeTargets([])).toEqual([]);
});

test('latency at half of the maximum is taken from arrivals at that rate alone', () => {
  const target = 'hot, open loop at half of the maximum throughput, p99: at most 250 ms';
  const arriving = (arrivalsPerSecond: number, p99: number) => {
    const run = madeRun(arrivalsPerSecond, { arrivalsPerSecond });
    return { ...run, load: { ...run.load, latencyMs: { ...run.load.latencyMs, p99 } } };
  };
  expect(judged(target, [madeRun(2_000), arriving(500, 20)])).toBeUndefined();
  expect(judged(target, [madeRun(2_000), arriving(500, 20), arriving(1_000, 300)])).toMatchObject({
    measured: 300,
    isMet: false,
  });
});

test('catching up is judged by the live rate of its load, and shown beside the better of hot and spread', () => {
  const target =
    'backlog of the load of spread: catch-up ÷ spread live, 256 connections: at least 2 ×';
  const backlog = madeRun(6_000, { scenario: 'backlog' });
  const spread = madeRun(4_000, { scenario: 'spread' });
  const hot = madeRun(5_000);
  expect(judged(target, [backlog, hot])).toBeUndefined();
  expect(judged(target, [backlog, spread])).not.toHaveProperty('beside');
  expect(judged(target, [backlog, spread, hot])).toMatchObject({
    measured: 1.5,
    isMet: false,
    beside: '÷ the better of hot and spread: 1.2 ×',
  });
});

const inMib = (sizes: readonly (readonly [orders: number, inventory: number])[]) =>
  sizes.map(([orders, inventory], atSeconds) => ({ atSeconds, rssMib: { orders, inventory } }));
const nine = (first: number, last: number) =>
  [first, first, first, 300, 300, 300, last, last, last].map((size) => [size, 100] as const);

test('memory is flat while catching up when the last third is like the first, whatever was between', () => {
  const flat = madeRun(1, { scenario: 'backlog', memory: inMib(nine(180, 189)) });
  const growing = madeRun(1, { scenario: 'backlog', memory: inMib(nine(100, 150)) });
  const short = madeRun(1, { scenario: 'backlog', memory: inMib([[100, 100]]) });
  const judgedFlat = (runs: readonly RunResult[]) =>
    judgeTargets(runs).find((each) => each.target.startsWith('backlog: flat memory'));
  expect(judgedFlat([flat])).toMatchObject({ measured: 1.05, isMet: true });
  expect(judgedFlat([growing])).toMatchObject({ measured: 1.5, isMet: false });
  expect(judgedFlat([flat, short])).toBeUndefined();
});

test('memory is judged after ten minutes at load, by the largest service and no server', () => {
  const target = 'resident set of the largest service after 10 minutes at load: at most 220 MB';
  const run = madeRun(2_000);
  expect(judged(target, [run], run)).toBeUndefined();
  const soak = { ...run, load: { ...run.load, seconds: 600 } };
  expect(judged(target, [run], soak)?.measured).toBeCloseTo(125.8, 1);
});

test('memory that grows in ten minutes at load misses its target', () => {
  const run = madeRun(2_000);
  const soak = { ...run, load: { ...run.load, seconds: 600 } };
  const grown = (last: number) =>
    judgeTargets([run], { ...soak, memory: inMib(nine(100, last)) }).find((each) =>
      each.target.startsWith('not growing'),
    );
  expect(grown(104)).toMatchObject({ measured: 1.04, isMet: true });
  expect(grown(106)).toMatchObject({ isMet: false });
});

test('costs per order are held against their bounds', () => {
  const results = judgeTargets([madeRun(2_000)]);
  expect(results.find(({ target }) => target.startsWith('hot, commits'))?.isMet).toBe(true);
  expect(results.find(({ target }) => target.startsWith('hot, fsyncs'))?.isMet).toBe(false);
});
