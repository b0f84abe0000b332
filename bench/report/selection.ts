// Which runs a figure is made of.
import type { ContenderName, RunResult, ScenarioName } from '../results.ts';
import { median, spreadOf, type Spread } from './statistics.ts';

/** A closed loop, or open ones at any rate. */
export interface Choice {
  readonly contender: ContenderName;
  readonly scenario: ScenarioName;
  readonly connections: number;
}

/** Whether a run counts: its books were right. The demo oversells by its algorithm, and is measured all the same. */
export function counts(run: RunResult): boolean {
  return run.bookFaults.length === 0 || run.contender === 'demo';
}

/** The runs in a closed loop that count. */
export function closedLoop(runs: readonly RunResult[], choice: Choice): readonly RunResult[] {
  return runs.filter(
    (run) =>
      counts(run) &&
      run.arrivalsPerSecond === undefined &&
      run.contender === choice.contender &&
      run.scenario === choice.scenario &&
      run.connections === choice.connections,
  );
}

/** Decided orders per second of the contender's best variant; undefined if no run counts. */
export function throughputOf(runs: readonly RunResult[], choice: Choice): Spread | undefined {
  const chosen = closedLoop(runs, choice);
  const variants = [...Map.groupBy(chosen, ({ variant }) => variant).values()];
  return variants
    .flatMap((each) => spreadOf(each.map(({ load }) => load.perSecond)) ?? [])
    .reduce<Spread | undefined>(
      (best, each) => (best === undefined || each.median > best.median ? each : best),
      undefined,
    );
}

/** The median over the rounds of one figure of the runs; undefined if there are none. */
export function medianOf(
  runs: readonly RunResult[],
  figure: (run: RunResult) => number,
): number | undefined {
  return runs.length === 0 ? undefined : median(runs.map(figure));
}

/** Names a contender with its variant, as tables and charts do. */
export function titleOf({ contender, variant }: Pick<RunResult, 'contender' | 'variant'>): string {
  return variant === '' ? contender : `${contender} (${variant})`;
}
