// Figures that targets are judged by.
import type { ProcessFigures, RunResult, ScenarioName } from '../results.ts';
import { largestGrowthOf } from './flatMemory.ts';
import { counts, medianOf, throughputOf } from './selection.ts';
import { median } from './statistics.ts';

const SOAK_SECONDS = 600;
const MB_PER_MIB = 1.048576;
const OTHERS = ['mysql', 'kafka', 'load'];
/** Those that catch up. */
export const CATCHING_UP = ['orders', 'inventory'];

/** Decided orders per second of Orderflow in a closed loop, median over the rounds; undefined if no run counts. */
export function own(
  runs: readonly RunResult[],
  scenario: ScenarioName,
  connections: number,
): number | undefined {
  return throughputOf(runs, { contender: 'orderflow', scenario, connections })?.median;
}

function backlogs(runs: readonly RunResult[]): readonly RunResult[] {
  return runs.filter(
    (run) => counts(run) && run.contender === 'orderflow' && run.scenario === 'backlog',
  );
}

/** Decisions per second while it catches up, median over the rounds. */
export function catchUpRate(runs: readonly RunResult[]): number | undefined {
  return medianOf(backlogs(runs), ({ load }) => load.perSecond);
}

/**
 * How much the resident set of the worst process grew in a catch-up, median over the rounds; undefined when one cannot be
 * judged, since it might be the one that grew.
 */
export function backlogGrowth(runs: readonly RunResult[]): number | undefined {
  const growths = backlogs(runs).map(({ memory }) => largestGrowthOf(memory ?? [], CATCHING_UP));
  const known = growths.filter((growth) => growth !== undefined);
  return known.length < growths.length || known.length === 0 ? undefined : median(known);
}

/** Of the largest service at the end of a soak, in MB; undefined when it was too short or is void. */
export function largestServiceMb(soak: RunResult | undefined): number | undefined {
  const services = servicesOf(soak);
  if (services.length === 0) return undefined;
  return Math.max(...services.map(({ rssMib }) => rssMib.after)) * MB_PER_MIB;
}

/** How much the resident set of the worst service grew in a soak. */
export function soakGrowth(soak: RunResult | undefined): number | undefined {
  const names = servicesOf(soak).map(({ name }) => name);
  return largestGrowthOf(soak?.memory ?? [], names);
}

/** The services of a soak that counts and was long enough, without the servers and the load. */
function servicesOf(soak: RunResult | undefined): readonly ProcessFigures[] {
  if (soak === undefined || !counts(soak) || soak.load.seconds < SOAK_SECONDS) return [];
  return soak.processes.filter(({ name }) => !OTHERS.includes(name));
}

/** A rate of nothing proves nothing: no ratio. */
export function divide(a: number | undefined, b: number | undefined): number | undefined {
  return a === undefined || b === undefined || b === 0 ? undefined : a / b;
}
