// Writes what was measured on long logs as JSON, Markdown and a picture.
import { mkdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { CHECKOUT } from '../../local/places.ts';
import { drawCurves } from '../report/charts.ts';
import { figure, spreadInWords, table } from '../report/format.ts';
import type { measureLongStream, Timing } from './measure.ts';
import { judgeAtMost, type Verdict } from './ratio.ts';

/** A long log may cost an append this much of what a short one costs. */
const MOST_APPEND_RATIO = 1.1;

/** One long stream, measured. */
export type LongStream = Awaited<ReturnType<typeof measureLongStream>> & {
  readonly events: number;
};
/** One length of the log, measured. */
export type Step = { readonly events: number; readonly timings: readonly Timing[] };

/** A whole measurement. */
export interface GrowthResults {
  readonly startedAt: string;
  readonly machine: string;
  readonly loadAverageBefore: number;
  readonly steps: readonly Step[];
  readonly longStreams: readonly LongStream[];
}

/** Writes growth.json, growth.md and growth.svg to bench/out, or to bench/ if they are published, and gives the Markdown. */
export function writeGrowth(results: GrowthResults, isPublished: boolean): string {
  const folder = path.join(CHECKOUT, 'bench', isPublished ? '' : 'out');
  mkdirSync(folder, { recursive: true });
  const { steps } = results;
  const markdown = `${toMarkdown(results)}\n`;
  const curves = (steps[0]?.timings ?? []).map(({ name }) => ({
    name: name.replace(' in one commit', ''),
    points: steps.map(({ events, timings }) => ({
      x: Math.log10(events),
      y: timings.find((each) => each.name === name)?.ratio.ratio ?? 0,
    })),
  }));
  const title = 'Time on a long log ÷ time on a short log, over the length (powers of ten)';
  const json = { ...results, verdicts: verdictsOf(steps) };
  writeFileSync(path.join(folder, 'growth.json'), `${JSON.stringify(json, undefined, 1)}\n`);
  writeFileSync(path.join(folder, 'growth.md'), markdown);
  writeFileSync(path.join(folder, 'growth.svg'), drawCurves(title, 'power of ten', curves));
  return markdown;
}

/** Of the longest log: the issue of growth is settled there. */
function verdictsOf(
  steps: readonly Step[],
): { readonly name: string; readonly verdict: Verdict }[] {
  return (steps.at(-1)?.timings ?? [])
    .filter(({ name }) => name.startsWith('append'))
    .map(({ name, ratio }) => ({ name, verdict: judgeAtMost(ratio, MOST_APPEND_RATIO) }));
}

function toMarkdown({ steps, longStreams }: GrowthResults): string {
  const rows = steps.flatMap(({ events, timings }) =>
    timings.map(({ name, short, long, ratio }) => [
      name,
      figure(events),
      spreadInWords(short),
      spreadInWords(long),
      `${figure(ratio.ratio)} (${figure(ratio.low)}–${figure(ratio.high)})`,
    ]),
  );
  const head = ['', 'events', 'short log, ms', 'long log, ms', 'ratio of medians (95 %)'];
  const verdicts = verdictsOf(steps).map(
    ({ name, verdict }) => `- ${name}, at most ${MOST_APPEND_RATIO} ×: ${verdict}`,
  );
  const streamRows = longStreams.map(({ events, loadMs, versionMs }) => [
    figure(events),
    spreadInWords(loadMs),
    spreadInWords(versionMs),
  ]);
  const streams = table(['events in the stream', 'load, ms', 'version alone, ms'], streamRows);
  return [table(head, rows), verdicts.join('\n'), streams].join('\n\n');
}
