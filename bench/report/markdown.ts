// The report in words and tables.
import type { BenchResults, RunResult, Setting } from '../results.ts';
import type { ProfileSummary } from '../profile/published.ts';
import type { Chart } from './charts.ts';
import { figure, spreadInWords, table } from './format.ts';
import { memorySection } from './memorySection.ts';
import { missedSection } from './missed.ts';
import { counts, medianOf, throughputOf, titleOf } from './selection.ts';
import { spreadOf } from './statistics.ts';
import { targetNames } from './targets.ts';

const METHOD = `Each contender is measured in turn, round after round, on the same database server, which keeps
what it has committed, under the same load from a process of its own over keep-alive connections. In a closed loop each connection
sends its next request when the last one is answered: that gives throughput. In an open loop requests are due at fixed times
whatever the answers do, and latency is counted from the time a request was due, so that stalls count. Orders
per second are answers that came after their decision. Figures are medians over the rounds, in brackets the least
and the most. After each run the books are checked (confirmed + available = stock, carts = confirmed orders): a run with a
wrong book is void and counts for nothing. The demo oversells by its algorithm; its runs are kept, and its faults told.
What others took of the machine's CPU during a run stands
beside it: where it differs much between runs, they do not compare. The benchmark as a whole is void if the demo or the monolith did less than 0.7 × of what they do on an idle machine.`;

/** The published profile, and its flame graphs as links from the report. */
export interface ProfileInReport {
  readonly summary: ProfileSummary | undefined;
  readonly flames: readonly string[];
}

/** The whole report; charts are linked as files below charts/. */
export function toMarkdown(
  results: BenchResults,
  charts: readonly Chart[],
  { summary, flames }: ProfileInReport,
): string {
  const sections = [
    '# Benchmark',
    voidSection(results),
    settingSection(results.setting),
    `## Method\n\n${METHOD.replaceAll('\n', ' ')}`,
    targetSection(results),
    missedSection(results, summary, flames),
    throughputSection(results.runs),
    ...charts.map(({ title, fileName }) => `![${title}](charts/${fileName})`),
    openLoopSection(results.runs),
    costSection(results.runs),
    processSection(results.runs),
    soakSection(results.soak),
    memorySection(results),
    sweepSection(results),
  ];
  return `${sections.filter((section) => section !== '').join('\n\n')}\n`;
}

function voidSection({ voidReasons, runs }: BenchResults): string {
  const wrong = runs.filter(({ bookFaults }) => bookFaults.length > 0);
  const lines = wrong.map(
    (run) =>
      `- ${counts(run) ? 'oversold, kept' : 'void'}: ${titleOf(run)}, ${run.scenario}, ${run.connections} connections, round ${run.round}: ${run.bookFaults.join('; ')}`,
  );
  const whole =
    voidReasons.length === 0
      ? ''
      : `**This benchmark is void: it proves nothing.**\n\n${voidReasons.map((why) => `- ${why}`).join('\n')}`;
  const single = lines.length === 0 ? '' : `Runs with a wrong book:\n\n${lines.join('\n')}`;
  return [whole, single].filter((part) => part !== '').join('\n\n');
}

function settingSection(setting: Setting): string {
  const rows = [
    ['started', setting.startedAt],
    ['commit', setting.commit],
    ['processor', `${setting.cpu}, ${setting.cores} cores`],
    ['memory', `${figure(setting.memoryGib)} GiB`],
    ['load average before', figure(setting.loadAverageBefore)],
    ...Object.entries(setting.versions),
    ...Object.entries(setting.settings),
  ];
  return `## Machine, versions, settings\n\n${table(['what', 'is'], rows)}`;
}

function targetSection({ targets }: BenchResults): string {
  const rows = targetNames().map((name) => {
    const result = targets.find(({ target }) => target === name);
    if (result === undefined) return [name, '–', 'not run'];
    const { measured, unit, beside, isMet } = result;
    const all = [`${figure(measured)} ${unit}`, ...(beside === undefined ? [] : [beside])];
    return [name, all.join('; '), isMet ? 'met' : 'missed'];
  });
  const met = targets.filter(({ isMet }) => isMet).length;
  const notRun = targetNames().length - targets.length;
  const sum = `${met} met, ${targets.length - met} missed, ${notRun} not run.`;
  const elsewhere = 'What a long log costs an append is measured apart: docs/performance.md.';
  return `## Targets\n\n${sum} ${elsewhere}\n\n${table(['target', 'measured', ''], rows)}`;
}

/** Runs that count, by what they have in common but for the round. */
function groupsOf(runs: readonly RunResult[]): readonly (readonly RunResult[])[] {
  const keyOf = (run: RunResult) =>
    [run.scenario, run.connections, run.arrivalsPerSecond ?? '', titleOf(run)].join('/');
  return [...Map.groupBy(runs.filter(counts), keyOf).values()];
}

function rowsOf(
  runs: readonly RunResult[],
  toRow: (run: RunResult, group: readonly RunResult[]) => readonly string[],
): readonly (readonly string[])[] {
  return groupsOf(runs).flatMap((group) =>
    group[0] === undefined ? [] : [toRow(group[0], group)],
  );
}

function throughputSection(runs: readonly RunResult[]): string {
  const closed = runs.filter(({ arrivalsPerSecond }) => arrivalsPerSecond === undefined);
  const rows = rowsOf(closed, (run, group) => {
    const rate = spreadOf(group.map(({ load }) => load.perSecond));
    const choice = { scenario: run.scenario, connections: run.connections };
    const own = throughputOf(closed, { contender: 'orderflow', ...choice })?.median;
    const ratio = own === undefined || rate === undefined ? undefined : own / rate.median;
    // Nobody waited for the orders of a backlog.
    const answered = group.filter(({ load }) => load.latencyMs.max > 0);
    const latency = (['p50', 'p99'] as const).map((percentile) =>
      spreadInWords(spreadOf(answered.map(({ load }) => load.latencyMs[percentile]))),
    );
    return [
      `${run.scenario}, ${run.connections}`,
      titleOf(run),
      spreadInWords(rate),
      ratio === undefined || !Number.isFinite(ratio) ? '–' : `${figure(ratio)} ×`,
      ...latency,
      String(group.length),
    ];
  });
  if (rows.length === 0) return '';
  const head = ['scenario, connections', 'contender', 'per second', 'orderflow is', 'p50 ms'];
  return `## Throughput, closed loop\n\n${table([...head, 'p99 ms', 'runs'], rows)}`;
}

function openLoopSection(runs: readonly RunResult[]): string {
  const open = runs.filter(({ arrivalsPerSecond }) => arrivalsPerSecond !== undefined);
  const rows = rowsOf(open, (run, group) => [
    `${run.scenario}, ${titleOf(run)}`,
    figure(run.arrivalsPerSecond ?? 0),
    spreadInWords(spreadOf(group.map(({ load }) => load.perSecond))),
    ...(['p50', 'p90', 'p99', 'max'] as const).map((percentile) =>
      spreadInWords(spreadOf(group.map(({ load }) => load.latencyMs[percentile]))),
    ),
  ]);
  if (rows.length === 0) return '';
  const head = ['scenario', 'arrivals/s', 'answered/s', 'p50 ms', 'p90 ms', 'p99 ms', 'max ms'];
  return `## Latency, open loop\n\n${table(head, rows)}`;
}

function costSection(runs: readonly RunResult[]): string {
  const rows = rowsOf(runs, (run, group) => [
    describe(run),
    spreadInWords(spreadOf(group.map(({ commitsPerOrder }) => commitsPerOrder))),
    spreadInWords(spreadOf(group.map(({ fsyncsPerOrder }) => fsyncsPerOrder))),
    spreadInWords(spreadOf(group.map(({ kafkaBatchesPerOrder }) => kafkaBatchesPerOrder))),
    spreadInWords(spreadOf(group.flatMap(({ othersCpuShare }) => percentOf(othersCpuShare)))),
  ]);
  if (rows.length === 0) return '';
  const head = ['run', 'commits', 'fsyncs', 'Kafka batches'];
  return `## Per order\n\n${table([...head, 'others, % of the machine'], rows)}`;
}

function processSection(runs: readonly RunResult[]): string {
  const rows = groupsOf(runs).flatMap((group) => {
    const [first] = group;
    if (first === undefined) return [];
    return first.processes.map(({ name }) => [describe(first), name, ...processCells(group, name)]);
  });
  if (rows.length === 0) return '';
  const head = ['run', 'process', 'CPU µs per order', 'event loop p99 ms', 'MiB after'];
  return `## Processes, medians\n\n${table(head, rows)}`;
}

function processCells(group: readonly RunResult[], name: string): string[] {
  const ofProcess = group.flatMap(({ processes }) =>
    processes.filter((each) => each.name === name),
  );
  const delays = ofProcess.flatMap(({ eventLoopDelayP99Ms }) => eventLoopDelayP99Ms ?? []);
  const middles = [
    spreadOf(ofProcess.map(({ cpuMicrosecondsPerOrder }) => cpuMicrosecondsPerOrder)),
    spreadOf(delays),
    spreadOf(ofProcess.map(({ rssMib }) => rssMib.after)),
  ];
  return middles.map((spread) => (spread === undefined ? '–' : figure(spread.median)));
}

function soakSection(soak: RunResult | undefined): string {
  if (soak === undefined) return '';
  const rows = soak.processes.map(({ name, rssMib }) => [
    name,
    figure(rssMib.before),
    figure(rssMib.after),
  ]);
  const minutes = figure(soak.load.seconds / 60);
  const rate = medianOf([soak], ({ load }) => load.perSecond) ?? 0;
  const faults = soak.bookFaults.map((fault) => `- void: ${fault}`).join('\n');
  const words = `${describe(soak)}: ${figure(rate)} answers per second. ${faults}`;
  return `## ${minutes} minutes at load\n\n${words}\n\n${table(['process', 'MiB before', 'MiB after'], rows)}`;
}

function sweepSection({ sweeps }: BenchResults): string {
  if (sweeps.length === 0) return '';
  const rows = sweeps.map((sweep) => [
    `${titleOf(sweep)}, ${sweep.scenario}`,
    String(sweep.poolSize),
    figure(sweep.perSecond),
    sweep.bookFaults.join('; '),
  ]);
  return `## Pool sizes tried\n\n${table(['contender', 'pool', 'per second', 'wrong book'], rows)}`;
}

function percentOf(share: number | undefined): readonly number[] {
  return share === undefined ? [] : [share * 100];
}

function describe(run: RunResult): string {
  const rate = run.arrivalsPerSecond;
  const load =
    rate === undefined ? `${run.connections} connections` : `${figure(rate)} arrivals per second`;
  return `${run.scenario}, ${load}, ${titleOf(run)}`;
}
