// Writes a benchmark down for people and for programs.
import { mkdirSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import type { ProfileSummary } from '../profile/published.ts';
import type { BenchResults } from '../results.ts';
import { drawCharts } from './charts.ts';
import { toMarkdown } from './markdown.ts';

/** Pictures that other measurements have made: of a profile, of a trace. */
const OTHERS = /^(flame-.*|trace)\.svg$/;

/**
 * Writes report.md, results.json and charts/*.svg into the folder, which is made; `profile` is shown beside the missed
 * targets. Charts of an earlier benchmark are removed: they must not stand beside figures that they do not show.
 */
export function writeReport(results: BenchResults, folder: string, profile?: ProfileSummary): void {
  const charts = drawCharts(results.runs);
  const chartFolder = path.join(folder, 'charts');
  mkdirSync(chartFolder, { recursive: true });
  for (const file of readdirSync(chartFolder))
    if (!OTHERS.test(file)) rmSync(path.join(chartFolder, file));
  const flames = readdirSync(chartFolder)
    .filter((file) => file.startsWith('flame-'))
    .map((file) => `charts/${file}`);
  const report = toMarkdown(results, charts, { summary: profile, flames });
  writeFileSync(path.join(folder, 'results.json'), `${JSON.stringify(results, undefined, 1)}\n`);
  writeFileSync(path.join(folder, 'report.md'), report);
  for (const { fileName, svg } of charts) writeFileSync(path.join(chartFolder, fileName), svg);
}
