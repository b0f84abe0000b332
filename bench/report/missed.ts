// Why targets are missed: what an order costs, what it might cost, and the profile of where that goes.
import type { ProfileSummary } from '../profile/published.ts';
import type { BenchResults, RatioOf, RunResult, TargetResult } from '../results.ts';
import { figure, table } from './format.ts';
import { profileTable } from './profileTable.ts';
import { closedLoop } from './selection.ts';
import { median } from './statistics.ts';

const METHOD = `Where both cores are at work all the time, throughput is a matter of the CPU that an order takes: to be so many
times faster, it may take so many times less. What it takes now is the sum over all processes, the servers and the load
included.`;

/** The section; '' when nothing was missed. `flames`: files of flame graphs, as links from the report. */
export function missedSection(
  { targets, runs }: BenchResults,
  profile: ProfileSummary | undefined,
  flames: readonly string[],
): string {
  const missed = targets.filter(({ isMet }) => !isMet);
  if (missed.length === 0) return '';
  const rows = missed.map((target) => [
    target.target,
    figure(target.measured),
    needsOf(target, runs),
  ]);
  const parts = [
    '## Missed, and what it would take',
    METHOD.replaceAll('\n', ' '),
    table(['target', 'measured', 'it would take'], rows),
    profile === undefined ? '' : profileWords(profile, flames),
  ];
  return parts.filter((part) => part !== '').join('\n\n');
}

function needsOf({ ratio, needs, wanted, measured }: TargetResult, runs: readonly RunResult[]) {
  if (ratio === undefined) return needs ?? '–';
  const costs = costsOf(runs, ratio);
  const now = costs.reduce((sum, { microseconds }) => sum + microseconds, 0);
  const each = costs.map(({ name, microseconds }) => `${name} ${figure(microseconds)}`);
  const budget = (now * measured) / wanted;
  return `${figure(budget)} CPU µs an order; it takes ${figure(now)} (${each.join(', ')})`;
}

/** CPU an order by process, medians over the rounds. */
function costsOf(runs: readonly RunResult[], { scenario, connections }: RatioOf) {
  const own = closedLoop(runs, { contender: 'orderflow', scenario, connections });
  const figures = own.flatMap(({ processes }) => processes);
  return [...Map.groupBy(figures, ({ name }) => name)].map(([name, group]) => ({
    name,
    microseconds: median(group.map(({ cpuMicrosecondsPerOrder }) => cpuMicrosecondsPerOrder)),
  }));
}

function profileWords(profile: ProfileSummary, flames: readonly string[]): string {
  const { load, perSecond, commit } = profile;
  const words = `Where the time goes: a profile of ${load} at ${figure(perSecond)} orders/s, of commit ${commit}, the profiler at work; shares of the time in which a process was not idle.`;
  const links = flames.map((file) => `[${file}](${file})`).join(', ');
  const graphs = links === '' ? [] : [`Flame graphs: ${links}`];
  return [words, profileTable(profile), ...graphs].join('\n\n');
}
