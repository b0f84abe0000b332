// Many runs on all threads, added up; failures are told as they come.
import path from 'node:path';
import { STATE_DIR } from '../../local/places.ts';
import { writeFailure, type Failure } from './failure.ts';
import { addUp } from './tally.ts';
import type { Threads } from './threads.ts';
import type { Trial } from './worker.ts';

const JOB_RUNS = 25;
/** So many failures are enough to look at. */
const MOST_FAILURES = 5;

/** What is to be run. */
export interface Campaign {
  /** What it is called in the report. */
  readonly name: string;
  readonly trials: readonly Trial[];
  /** A planted bug by its name; null: none. */
  readonly bug: string | null;
}

/** Runs all of it (unless too much fails), tells what came of it, and says whether nothing failed. */
export async function runCampaign(
  threads: Threads,
  { name, trials, bug }: Campaign,
): Promise<boolean> {
  const startedAt = performance.now();
  const sum = { runs: 0, events: 0, virtualMs: 0, failures: 0 };
  const struck: Record<string, number> = {};
  const runJob = async (job: readonly Trial[]): Promise<void> => {
    let left = job;
    while (left.length > 0 && sum.failures < MOST_FAILURES) {
      const done = await threads.run({ trials: left, bug, shrinks: true });
      left = left.slice(done.runs);
      sum.runs += done.runs;
      sum.events += done.events;
      sum.virtualMs += done.virtualMs;
      addUp(struck, done.struck);
      if (done.failure === undefined) continue;
      sum.failures += 1;
      tell(done.failure);
    }
  };
  let next = 0;
  const work = async (): Promise<void> => {
    while (next < trials.length) {
      const from = next;
      next += JOB_RUNS;
      await runJob(trials.slice(from, from + JOB_RUNS));
    }
  };
  await Promise.all(Array.from({ length: threads.count }, work));
  const seconds = (performance.now() - startedAt) / 1000;
  const hours = (sum.virtualMs / 3_600_000).toFixed(1);
  const verdict = sum.failures === 0 ? 'clean' : `${sum.failures} FAILED`;
  console.log(
    `${name}: ${sum.runs} runs in ${seconds.toFixed(1)} s (${(sum.runs / seconds).toFixed(0)}/s; ` +
      `${hours} h of their time): ${verdict}`,
  );
  console.log(`  faults that struck: ${describeCounts(struck)}`);
  return sum.failures === 0;
}

function tell(failure: Failure): void {
  const file = writeFailure(path.join(STATE_DIR, 'simulation'), failure);
  console.log(`seed ${failure.seed} FAILED under ${failure.faults.length} faults:`);
  for (const fault of failure.faults) console.log(`  fault   ${JSON.stringify(fault)}`);
  for (const breach of failure.breaches.slice(0, 5)) console.log(`  breach  ${breach}`);
  console.log(`  again   npm run simulate -- --replay ${path.relative('.', file)}`);
}

function describeCounts(counts: Readonly<Record<string, number>>): string {
  return Object.entries(counts)
    .sort(([, a], [, b]) => b - a)
    .map(([name, count]) => `${count} ${name}`)
    .join(', ');
}
