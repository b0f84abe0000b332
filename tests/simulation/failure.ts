// A failed run as a small file: all that is needed to see it again.
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { z } from 'zod';
import type { Fault } from './faults.ts';

/** A run that broke a promise. */
export interface Failure {
  readonly seed: number;
  /** The planted bug that it ran with; null: none. */
  readonly bug: string | null;
  /** The shortest list that was found. */
  readonly faults: readonly Fault[];
  readonly breaches: readonly string[];
}

const failureSchema = z.object({
  seed: z.int(),
  bug: z.string().nullable(),
  // What a fault says beyond its kind is checked by whoever lets it happen: one that does not fit does not strike.
  faults: z.array(z.looseObject({ kind: z.string() })),
  breaches: z.array(z.string()),
});

/** Writes the failure into the folder, and gives the file's name. */
export function writeFailure(folder: string, failure: Failure): string {
  mkdirSync(folder, { recursive: true });
  const file = path.join(folder, `seed-${failure.seed}.json`);
  writeFileSync(file, `${JSON.stringify(failure, null, 2)}\n`);
  return file;
}

/** Reads a failure. Throws when the file is none. */
export function readFailure(file: string): Failure {
  return failureSchema.parse(JSON.parse(readFileSync(file, 'utf8'))) as unknown as Failure;
}
