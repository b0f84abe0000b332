// The results of chaos runs: one line of JSON for each part of a cell, and the table that is made of them.
import { appendFileSync, existsSync, mkdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { z } from 'zod';
import { median } from '../../bench/report/statistics.ts';
import type { Cell } from './cells/cell.ts';

const resultSchema = z.object({
  at: z.string(),
  /** What was checked out: see commitOfTree. Runs of several commits are added up, and the table names them. */
  commit: z.string(),
  cell: z.string(),
  seed: z.number(),
  runs: z.number(),
  /** In words; none: all is well. */
  breaches: z.array(z.string()),
  /** Of each run. */
  recoveriesMs: z.array(z.number()),
  /** Placed while the runs were made. */
  orders: z.number(),
  /** Of the machine, over the last minute, at the end: recovery times of a busy machine say little. */
  loadAverage: z.number(),
  /** Why it was not run at all. */
  notRun: z.string().optional(),
});
/** Some runs of a cell under one seed, and what came of them. */
export type Result = z.output<typeof resultSchema>;

/** Appends a result to the file. */
export function appendResult(file: string, result: Result): void {
  mkdirSync(path.dirname(file), { recursive: true });
  appendFileSync(file, `${JSON.stringify(result)}\n`);
}

/** All results of a file; none if it is not there. */
export function readResults(file: string): Result[] {
  if (!existsSync(file)) return [];
  return readFileSync(file, 'utf8')
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => resultSchema.parse(JSON.parse(line)));
}

/** How many runs of a cell there are, breaches or not. */
export function runsOf(cell: Cell, results: readonly Result[]): number {
  return results.filter((each) => each.cell === cell.name).reduce((sum, { runs }) => sum + runs, 0);
}

const HEADER = [
  '| cell | runs | breaches | recovery ms, median | most | limit | over it | orders | seeds | commits | load |',
  '| --- | ---: | ---: | ---: | ---: | ---: | ---: | ---: | --- | --- | ---: |',
];

/** The table in markdown, a line for each cell that has results, and the sums below. */
export function renderResults(cells: readonly Cell[], results: readonly Result[]): string {
  const lines = cells.flatMap((cell) => {
    const own = results.filter(({ cell: name }) => name === cell.name);
    return own.length === 0 ? [] : [renderCell(cell, own)];
  });
  const runs = results.reduce((sum, each) => sum + each.runs, 0);
  const breaches = results.reduce((sum, each) => sum + each.breaches.length, 0);
  const orders = results.reduce((sum, each) => sum + each.orders, 0);
  const dates = results.map(({ at }) => at.slice(0, 16).replace('T', ' ')).sort();
  return [
    ...HEADER,
    ...lines,
    '',
    `${runs} runs from ${dates[0] ?? '-'} to ${dates.at(-1) ?? '-'} (UTC), ${orders} orders, ${breaches} breaches.`,
    describeMissing(cells, results),
  ].join('\n');
}

function describeMissing(cells: readonly Cell[], results: readonly Result[]): string {
  const missing = cells.filter((cell) => runsOf(cell, results) < cell.matrixRuns);
  if (missing.length === 0) return 'Every cell has had all of its runs.';
  const begun = missing
    .map((cell) => ({ ...cell, runs: runsOf(cell, results) }))
    .filter(({ runs }) => runs > 0)
    .map(({ name, runs, matrixRuns }) => `${name} (${runs} of ${matrixRuns})`);
  const untried = `${missing.length - begun.length} of ${cells.length} cells have had no run`;
  return begun.length === 0 ? `${untried}.` : `${untried}; not all of theirs: ${begun.join(', ')}.`;
}

function renderCell(cell: Cell, results: readonly Result[]): string {
  const notRun = results.find((each) => each.notRun !== undefined)?.notRun;
  const runs = runsOf(cell, results);
  if (runs === 0 && notRun !== undefined)
    return `| ${cell.name} | not run: ${notRun} | | | | | | | | | |`;
  const recoveriesMs = results.flatMap((each) => each.recoveriesMs);
  const breaches = results.reduce((sum, each) => sum + each.breaches.length, 0);
  const seeds = results.map(({ seed }) => seed).sort((a, b) => a - b);
  const columns = [
    cell.name,
    `${runs} of ${cell.matrixRuns}`,
    breaches,
    recoveriesMs.length === 0 ? '-' : Math.round(median(recoveriesMs)),
    recoveriesMs.length === 0 ? '-' : Math.max(...recoveriesMs),
    cell.limitMs,
    recoveriesMs.filter((recoveryMs) => recoveryMs > cell.limitMs).length,
    results.reduce((sum, { orders }) => sum + orders, 0),
    seeds.join(' '),
    [...new Set(results.map(({ commit }) => commit))].join(' '),
    median(results.map(({ loadAverage }) => loadAverage)).toFixed(1),
  ];
  return `| ${columns.join(' | ')} |`;
}
