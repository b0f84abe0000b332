// Writes the results down.
import { mkdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { CHECKOUT } from '../local/places.ts';
import { writeReport } from './report/writeReport.ts';
import type { BenchResults } from './results.ts';

/**
 * Writes results.json and the report with its charts into bench/ (published) or bench/out/, and gives that folder as seen
 * from the checkout.
 */
export function writeResults(results: BenchResults, isPublished: boolean): string {
  const folder = isPublished ? 'bench' : path.join('bench', 'out');
  const absolute = path.join(CHECKOUT, folder);
  mkdirSync(absolute, { recursive: true });
  writeFileSync(path.join(absolute, 'results.json'), `${JSON.stringify(results, undefined, 1)}\n`);
  writeReport(results, absolute);
  return folder;
}
