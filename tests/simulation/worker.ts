// A thread that runs seeds: its globals are the simulation's own.
import { parentPort } from 'node:worker_threads';
import { BUGS } from './bugs.ts';
import { drawFaults } from './draw.ts';
import type { Failure } from './failure.ts';
import type { Fault } from './faults.ts';
import { replaceGlobals } from './globals.ts';
import { planOf } from './plan.ts';
import { SOUND } from './planting.ts';
import { runPlan, type RunResult } from './run.ts';
import { shrink } from './shrink.ts';
import { addUp } from './tally.ts';

/** A run: a seed, under the faults that it draws, or under these. */
export interface Trial {
  readonly seed: number;
  readonly faults?: readonly Fault[];
}

/** What the thread is asked to do: runs, one after the other, until one fails. */
export interface Job {
  readonly trials: readonly Trial[];
  /** A planted bug by its name; null: none. */
  readonly bug: string | null;
  /** A failure counts only if it says what the planted bug must be caught by; no other breach is told then. */
  readonly wantsItsBreach?: boolean;
  /** Whether a failure's faults are shrunk. */
  readonly shrinks: boolean;
}

/** What came of it. */
export interface JobDone {
  /** Runs that were made, that of the failure included. */
  readonly runs: number;
  readonly events: number;
  readonly virtualMs: number;
  readonly struck: Readonly<Record<string, number>>;
  /** How often each process has come to each step, all runs together: `orders-0/commit`. */
  readonly steps: Readonly<Record<string, number>>;
  readonly failure: Failure | undefined;
}

replaceGlobals();
parentPort?.on('message', (job: Job) => {
  void run(job).then((done) => {
    parentPort?.postMessage(done);
  });
});

async function run({ trials, bug, shrinks, wantsItsBreach = false }: Job): Promise<JobDone> {
  const struck: Record<string, number> = {};
  const steps: Record<string, number> = {};
  const done = { runs: 0, events: 0, virtualMs: 0, struck, steps };
  for (const { seed, faults = drawFaults(planOf(seed)) } of trials) {
    const result = await runSeed(seed, faults, bug);
    done.runs += 1;
    done.events += result.events;
    done.virtualMs += result.virtualMs;
    addUp(struck, result.struck);
    addUp(steps, result.steps);
    const wanted = wantsItsBreach && bug !== null ? BUGS[bug]?.caughtBy : undefined;
    const breaches = result.breaches.filter((breach) => wanted?.test(breach) ?? true);
    if (breaches.length === 0) continue;
    const failure = { seed, bug, faults, breaches };
    return { ...done, failure: shrinks ? await shrunk(failure) : failure };
  }
  return { ...done, failure: undefined };
}

function runSeed(seed: number, faults: readonly Fault[], bug: string | null): Promise<RunResult> {
  return runPlan(planOf(seed), faults, bug === null ? SOUND : BUGS[bug]);
}

async function shrunk({ seed, bug, faults: all }: Failure): Promise<Failure> {
  const faults = await shrink(all, async (some) => {
    return (await runSeed(seed, some, bug)).breaches.length > 0;
  });
  const { breaches } = await runSeed(seed, faults, bug);
  return { seed, bug, faults, breaches };
}
