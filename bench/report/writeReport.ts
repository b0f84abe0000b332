// Writes a benchmark down for people and for programs.
import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import type { BenchResults } from '../results.ts';
import { drawCharts } from './charts.ts';
import { toMarkdown } from './markdown.ts';
import { judgeTargets } from './targets.ts';

/**
 * Judges the targets and writes report.md, results.json and charts/*.svg into the folder, which is made. Charts of an
 * earlier benchmark are removed: they must not stand beside figures that they do not show.
 */
export function writeReport(results: BenchResults, folder: string): void {
  const judged = { ...results, targets: judgeTargets(results.runs, results.soak) };
  const charts = drawCharts(results.runs);
  const chartFolder = path.join(folder, 'charts');
  rmSync(chartFolder, { recursive: true, force: true });
  mkdirSync(chartFolder, { recursive: true });
  writeFileSync(path.join(folder, 'results.json'), `${JSON.stringify(judged, undefined, 1)}\n`);
  writeFileSync(path.join(folder, 'report.md'), toMarkdown(judged, charts));
  for (const { fileName, svg } of charts) writeFileSync(path.join(chartFolder, fileName), svg);
}
