// What Orderflow is to reach, judged by medians over the rounds that count.
import type { ContenderName, RunResult, ScenarioName, TargetResult } from '../results.ts';
import { closedLoop, counts, medianOf, throughputOf } from './selection.ts';

/** The benchmark's measurements, as targets are judged by them. */
interface Measured {
  readonly runs: readonly RunResult[];
  readonly soak: RunResult | undefined;
}

interface Target {
  readonly target: string;
  readonly wanted: number;
  readonly unit: string;
  readonly bound: 'at least' | 'at most';
  /** Undefined: a run that it needs is missing or void. */
  readonly measure: (measured: Measured) => number | undefined;
}

const MANY = 256;
const FEW = 64;
/** 'At half of its maximum' takes rates from just below a half on, as arrivals are scheduled in whole numbers. */
const HALF = { from: 0.475, to: 0.6 };
const SOAK_SECONDS = 600;
const MB_PER_MIB = 1.048576;
const OTHERS = ['mysql', 'kafka', 'load'];

const TARGETS: readonly Target[] = [
  ratioTarget('hot', MANY, 3, 'monolith'),
  ratioTarget('hot', MANY, 12, 'demo'),
  ratioTarget('spread', MANY, 1.4, 'monolith'),
  ratioTarget('spread', MANY, 6, 'demo'),
  {
    target: `hot ÷ spread, ${MANY} connections`,
    wanted: 0.9,
    unit: '×',
    bound: 'at least',
    measure: ({ runs }) => divide(own(runs, 'hot', MANY), own(runs, 'spread', MANY)),
  },
  ratioTarget('hot', MANY, 0.5, 'monolith-batched'),
  ratioTarget('spread', MANY, 0.5, 'monolith-batched'),
  ratioTarget('hot', FEW, 1.4, 'monolith'),
  ratioTarget('spread', FEW, 0.9, 'monolith'),
  {
    target: `drop ÷ hot, ${MANY} connections: refusals as fast as confirmations`,
    wanted: 1,
    unit: '×',
    bound: 'at least',
    measure: ({ runs }) => divide(own(runs, 'drop', MANY), own(runs, 'hot', MANY)),
  },
  ratioTarget('mixed', MANY, 1, 'monolith'),
  loneTarget('p50', 15),
  loneTarget('p99', 40),
  openLoopTarget('hot'),
  openLoopTarget('spread'),
  {
    target: 'backlog: catch-up ÷ live rate (the better of hot and spread, 256 connections)',
    wanted: 2,
    unit: '×',
    bound: 'at least',
    measure: ({ runs }) => divide(catchUpRate(runs), liveRate(runs)),
  },
  costTarget('hot', 'commits', 0.05, (run) => run.commitsPerOrder),
  costTarget('spread', 'commits', 0.05, (run) => run.commitsPerOrder),
  costTarget('hot', 'fsyncs', 0.1, (run) => run.fsyncsPerOrder),
  costTarget('spread', 'fsyncs', 0.1, (run) => run.fsyncsPerOrder),
  {
    target: 'resident set of the largest service after 10 minutes at load',
    wanted: 220,
    unit: 'MB',
    bound: 'at most',
    measure: ({ soak }) => largestServiceMb(soak),
  },
];

/** All targets in words, those that cannot be judged included. */
export function targetNames(): readonly string[] {
  return TARGETS.map(inWords);
}

/** Judges the targets whose runs are there and count; the others are left out, never met. */
export function judgeTargets(
  runs: readonly RunResult[],
  soak?: RunResult,
): readonly TargetResult[] {
  return TARGETS.flatMap((target) => {
    const measured = target.measure({ runs, soak });
    if (measured === undefined) return [];
    const { wanted, unit, bound } = target;
    const isMet = bound === 'at least' ? measured >= wanted : measured <= wanted;
    return [{ target: inWords(target), measured, wanted, unit, isMet }];
  });
}

function inWords({ target, bound, wanted, unit }: Target): string {
  return `${target}: ${bound} ${wanted} ${unit}`;
}

function ratioTarget(
  scenario: ScenarioName,
  connections: number,
  wanted: number,
  other: ContenderName,
): Target {
  return {
    target: `${scenario} ÷ ${other}, ${connections} connections`,
    wanted,
    unit: '×',
    bound: 'at least',
    measure: ({ runs }) =>
      divide(
        own(runs, scenario, connections),
        throughputOf(runs, { contender: other, scenario, connections })?.median,
      ),
  };
}

function loneTarget(percentile: 'p50' | 'p99', wanted: number): Target {
  return {
    target: `lone, ${percentile}`,
    wanted,
    unit: 'ms',
    bound: 'at most',
    measure: ({ runs }) =>
      medianOf(
        closedLoop(runs, { contender: 'orderflow', scenario: 'lone', connections: 1 }),
        ({ load }) => load.latencyMs[percentile],
      ),
  };
}

function openLoopTarget(scenario: ScenarioName): Target {
  return {
    target: `${scenario}, open loop at half of the maximum throughput, p99`,
    wanted: 250,
    unit: 'ms',
    bound: 'at most',
    measure: ({ runs }) => {
      const most = own(runs, scenario, MANY);
      if (most === undefined) return undefined;
      const atHalf = runs.filter(
        (run) =>
          counts(run) &&
          run.contender === 'orderflow' &&
          run.scenario === scenario &&
          run.arrivalsPerSecond !== undefined &&
          run.arrivalsPerSecond >= HALF.from * most &&
          run.arrivalsPerSecond <= HALF.to * most,
      );
      return medianOf(atHalf, ({ load }) => load.latencyMs.p99);
    },
  };
}

function costTarget(
  scenario: ScenarioName,
  what: string,
  wanted: number,
  cost: (run: RunResult) => number,
): Target {
  return {
    target: `${scenario}, ${what} per order, ${MANY} connections`,
    wanted,
    unit: 'per order',
    bound: 'at most',
    measure: ({ runs }) =>
      medianOf(closedLoop(runs, { contender: 'orderflow', scenario, connections: MANY }), cost),
  };
}

function own(
  runs: readonly RunResult[],
  scenario: ScenarioName,
  connections: number,
): number | undefined {
  return throughputOf(runs, { contender: 'orderflow', scenario, connections })?.median;
}

function catchUpRate(runs: readonly RunResult[]): number | undefined {
  const backlogs = runs.filter(
    (run) => counts(run) && run.contender === 'orderflow' && run.scenario === 'backlog',
  );
  return medianOf(backlogs, ({ load }) => load.perSecond);
}

/** Both must have been measured: the slower one alone would flatter the catch-up. */
function liveRate(runs: readonly RunResult[]): number | undefined {
  const hot = own(runs, 'hot', MANY);
  const spread = own(runs, 'spread', MANY);
  return hot === undefined || spread === undefined ? undefined : Math.max(hot, spread);
}

function largestServiceMb(soak: RunResult | undefined): number | undefined {
  if (soak === undefined || !counts(soak) || soak.load.seconds < SOAK_SECONDS) return undefined;
  const services = soak.processes.filter(({ name }) => !OTHERS.includes(name));
  if (services.length === 0) return undefined;
  return Math.max(...services.map(({ rssMib }) => rssMib.after)) * MB_PER_MIB;
}

/** A rate of nothing proves nothing: no ratio. */
function divide(a: number | undefined, b: number | undefined): number | undefined {
  return a === undefined || b === undefined || b === 0 ? undefined : a / b;
}
