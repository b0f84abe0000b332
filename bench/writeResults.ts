// Writes the results down.
import { mkdirSync } from 'node:fs';
import path from 'node:path';
import { CHECKOUT } from '../local/places.ts';
import { readPublishedProfile } from './profile/published.ts';
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
  writeReport(results, absolute, readPublishedProfile());
  return folder;
}
