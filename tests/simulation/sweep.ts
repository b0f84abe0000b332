// One fault at a time, at every step that a run comes to: what chance might leave out.
import {
  CRASH_TIMES,
  DATABASE_TROUBLES,
  SEND_TROUBLES,
  type Crash,
  type DatabaseTrouble,
  type Fault,
  type SendTrouble,
  type Step,
} from './faults.ts';
import type { Threads } from './threads.ts';
import type { Trial } from './worker.ts';

const STEPS: readonly Step[] = [
  'commit',
  'send',
  'positions',
  'snapshot',
  'offsets',
  'ask',
  'read',
];
/** How many reads of a process are tried: an idle relay reads ten times a second, each time the same. */
const MOST_NTH = 40;
const DOWN_MS = 400;
const LATE_MS = 2_000;

/** A seed under each single fault, as its undisturbed run has steps for. Throws when that run fails already. */
export async function sweepOf(threads: Threads, seed: number): Promise<readonly Trial[]> {
  const { steps, failure } = await threads.run({
    trials: [{ seed, faults: [] }],
    bug: null,
    shrinks: false,
  });
  if (failure !== undefined) throw new Error(`Seed ${seed} fails without faults`);
  return Object.entries(steps).flatMap(([name, count]) => {
    const [process, word] = name.split('/');
    const step = STEPS.find((known) => known === word);
    if (process === undefined || step === undefined) return [];
    return Array.from({ length: Math.min(count, MOST_NTH) }, (_, index) => index + 1)
      .flatMap((nth) => faultsAt(process, step, nth))
      .map((fault) => ({ seed, faults: [fault] }));
  });
}

function faultsAt(process: string, step: Step, nth: number): readonly Fault[] {
  const at = { process, step, nth };
  const isDatabase = ['commit', 'positions', 'snapshot', 'read'].includes(step);
  return [
    ...CRASH_TIMES.map((when): Crash => ({ ...at, kind: 'crash', when, downMs: DOWN_MS })),
    ...(isDatabase ? DATABASE_TROUBLES : []).map((how): DatabaseTrouble => ({
      ...at,
      kind: 'database',
      how,
    })),
    ...(step === 'send' ? SEND_TROUBLES : []).map((how): SendTrouble => ({
      ...at,
      step: 'send',
      kind: 'send',
      how,
      ms: LATE_MS,
    })),
  ];
}
