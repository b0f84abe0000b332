// Why a whole benchmark proves nothing: a contender that does far less than it is known to do on an idle machine of two
// cores was handicapped, by the machine or by the benchmark.
import { median } from './report/statistics.ts';
import type { ContenderName, RunResult, ScenarioName } from './results.ts';

/** Of the known figure. */
const LEAST_SHARE = 0.7;

/** Orders per second on an idle machine of two cores with durable settings; of the monolith the better variant. */
const KNOWN: readonly {
  readonly contender: ContenderName;
  readonly scenario: ScenarioName;
  readonly connections: number;
  readonly perSecond: number;
}[] = [
  { contender: 'demo', scenario: 'hot', connections: 64, perSecond: 172 },
  { contender: 'demo', scenario: 'spread', connections: 64, perSecond: 306 },
  { contender: 'monolith', scenario: 'hot', connections: 64, perSecond: 826 },
  { contender: 'monolith', scenario: 'spread', connections: 64, perSecond: 1_481 },
  { contender: 'monolith', scenario: 'hot', connections: 256, perSecond: 805 },
  { contender: 'monolith', scenario: 'spread', connections: 256, perSecond: 1_610 },
];

/** The reasons in words; a figure that was not measured is none. */
export function findVoidReasons(runs: readonly RunResult[]): string[] {
  return KNOWN.flatMap(({ contender, scenario, connections, perSecond }) => {
    const measured = runs.filter(
      (run) =>
        run.contender === contender &&
        run.scenario === scenario &&
        run.connections === connections &&
        run.arrivalsPerSecond === undefined,
    );
    if (measured.length === 0) return [];
    const variants = [...new Set(measured.map(({ variant }) => variant))];
    const best = Math.max(
      ...variants.map((variant) =>
        median(measured.filter((run) => run.variant === variant).map(({ load }) => load.perSecond)),
      ),
    );
    const least = LEAST_SHARE * perSecond;
    if (best >= least) return [];
    return [
      `${contender}, ${scenario}, ${connections} connections: ${best.toFixed(0)}/s, at least ${least.toFixed(0)}/s are to be had on an idle machine of two cores`,
    ];
  });
}
