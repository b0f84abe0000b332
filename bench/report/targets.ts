// What Orderflow is to reach, judged by medians over the rounds that count.
import type { ContenderName, RatioOf, RunResult, ScenarioName, TargetResult } from '../results.ts';
import { figure } from './format.ts';
import {
  backlogGrowth,
  CATCHING_UP,
  catchUpRate,
  divide,
  largestServiceMb,
  own,
  soakGrowth,
} from './measures.ts';
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
  /** What reaching it would take, where it is not a matter of the CPU that an order takes. */
  readonly needs?: string;
  /** A throughput over that of another contender. */
  readonly ratio?: RatioOf;
  /** Undefined: a run that it needs is missing or void. */
  readonly measure: (measured: Measured) => number | undefined;
  /** What is shown beside it; undefined as above. */
  readonly beside?: (measured: Measured) => string | undefined;
}

const FEWER_COMMITS = 'Larger batches: more orders on their way at a time, or fewer waits on it.';
const FEWER_FSYNCS =
  'Each commit is two (redo log and binary log), and InnoDB syncs its pages besides: fewer commits an order.';
const LESS_CPU = 'The same way costs the same CPU; see the profile.';
const SHORTER_WAY =
  'Fewer commits and trips one after the other, see the trace (docs/performance.md).';
const LESS_HEAP = 'A lower limit of the heap, which costs throughput (docs/performance.md).';
const SMALLER_CACHE =
  'A smaller cache of states (packages/shared/src/messaging/stateCache.ts) or a lower limit of the heap.';
const CHEAPER_DECISIONS =
  'Catching up, orders and inventory decide as they do live, and only the gateway rests: these two would need far less CPU an order.';
const FIND_WHAT_STAYS =
  'To find what is kept: a heap snapshot after the first and the last minute.';

const MANY = 256;
const FEW = 64;
/** 'At half of its maximum' takes rates from just below a half on, as arrivals are scheduled in whole numbers. */
const HALF = { from: 0.475, to: 0.6 };
/** Flat: the last third of the time may have this much of the first third's resident set. */
const FLAT_BACKLOG = 1.1;
const FLAT_SOAK = 1.05;

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
    needs: LESS_CPU,
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
    needs: LESS_CPU,
    measure: ({ runs }) => divide(own(runs, 'drop', MANY), own(runs, 'hot', MANY)),
  },
  ratioTarget('mixed', MANY, 1, 'monolith'),
  loneTarget('p50', 15),
  loneTarget('p99', 40),
  openLoopTarget('hot'),
  openLoopTarget('spread'),
  {
    target: `backlog of the load of spread: catch-up ÷ spread live, ${MANY} connections`,
    wanted: 2,
    unit: '×',
    bound: 'at least',
    needs: CHEAPER_DECISIONS,
    measure: ({ runs }) => divide(catchUpRate(runs), own(runs, 'spread', MANY)),
    beside: ({ runs }) => {
      const ratio = divide(catchUpRate(runs), betterOfBoth(runs));
      return ratio === undefined ? undefined : `÷ the better of hot and spread: ${figure(ratio)} ×`;
    },
  },
  {
    target: `backlog: flat memory, resident set in the last third ÷ the first third of the catch-up, of the one of ${CATCHING_UP.join(' and ')} that grew more`,
    wanted: FLAT_BACKLOG,
    unit: '×',
    bound: 'at most',
    needs: SMALLER_CACHE,
    measure: ({ runs }) => backlogGrowth(runs),
  },
  costTarget('hot', 'commits', 0.05, (run) => run.commitsPerOrder, FEWER_COMMITS),
  costTarget('spread', 'commits', 0.05, (run) => run.commitsPerOrder, FEWER_COMMITS),
  costTarget('hot', 'fsyncs', 0.1, (run) => run.fsyncsPerOrder, FEWER_FSYNCS),
  costTarget('spread', 'fsyncs', 0.1, (run) => run.fsyncsPerOrder, FEWER_FSYNCS),
  {
    target: 'resident set of the largest service after 10 minutes at load',
    wanted: 220,
    unit: 'MB',
    bound: 'at most',
    needs: LESS_HEAP,
    measure: ({ soak }) => largestServiceMb(soak),
  },
  {
    target:
      'not growing: resident set in the last third ÷ the first third of 10 minutes at load, of the service that grew most',
    wanted: FLAT_SOAK,
    unit: '×',
    bound: 'at most',
    needs: FIND_WHAT_STAYS,
    measure: ({ soak }) => soakGrowth(soak),
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
    const { wanted, unit, bound, needs, ratio } = target;
    const beside = target.beside?.({ runs, soak });
    const isMet = bound === 'at least' ? measured >= wanted : measured <= wanted;
    const why = isMet ? {} : { ...(needs && { needs }), ...(ratio && { ratio }) };
    const result = { target: inWords(target), measured, wanted, unit, isMet };
    return [{ ...result, ...(beside !== undefined && { beside }), ...why }];
  });
}

/** The live rate of the scenario in which it is higher; undefined if one of them is missing. */
function betterOfBoth(runs: readonly RunResult[]): number | undefined {
  const [hot, spread] = [own(runs, 'hot', MANY), own(runs, 'spread', MANY)];
  return hot === undefined || spread === undefined ? undefined : Math.max(hot, spread);
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
    ratio: { scenario, connections, other },
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
    needs: SHORTER_WAY,
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
    needs: SHORTER_WAY,
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
  needs: string,
): Target {
  return {
    target: `${scenario}, ${what} per order, ${MANY} connections`,
    wanted,
    unit: 'per order',
    bound: 'at most',
    needs,
    measure: ({ runs }) =>
      medianOf(closedLoop(runs, { contender: 'orderflow', scenario, connections: MANY }), cost),
  };
}
