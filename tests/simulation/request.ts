// A question to a server: what it does happens at one moment between the asking and the answer, and each of the three can fail.
import { AppError } from '@orderflow/shared/runtime/appError.ts';
import type { DatabaseTrouble, Step, StepFault } from './faults.ts';
import { latencyMs, never, type Server, type SimProcess, type World } from './world.ts';

/** How much later what was asked for may happen, when whoever asked has given up. */
const LATE_MS = 300;

/** What is asked: the world, who asks, of whom, and which step it is. */
export interface Question {
  readonly world: World;
  readonly process: SimProcess;
  readonly server: Server;
  readonly step: Step;
}

/** Asks. `effect` is what the server does, in one moment. Never answers a process that has died. */
export async function request<T>(asked: Question, effect: () => Promise<T> | T): Promise<T> {
  const { world, process, server, step } = asked;
  const faults = world.stepFaults.take(process.name, step);
  await world.sleep(process, latencyMs(world.random, step) + slowness(faults, 'before'));
  if (server.awayUntil > world.scheduler.now) {
    await world.sleep(process, world.random.between(5, 100));
    throw server.unavailable();
  }
  if (faults.length > 0) await before(asked, faults, effect);
  const answer = await effect();
  if (faults.length > 0) await after(asked, faults);
  const answerMs = slowness(faults, 'after');
  // What is only read has no consequence whose moment could matter.
  if (answerMs > 0 || step !== 'read')
    await world.sleep(process, answerMs + latencyMs(world.random, 'read') / 2);
  return answer;
}

/** How long the faults hold a step up on one side of what it does. */
export function slowness(faults: readonly StepFault[], when: 'before' | 'after'): number {
  return faults.reduce(
    (sum, fault) => sum + (fault.kind === 'slow' && fault.when === when ? fault.ms : 0),
    0,
  );
}

async function before(
  { world, process }: Question,
  faults: readonly StepFault[],
  effect: () => unknown,
): Promise<void> {
  const lateMs = world.random.between(0, LATE_MS);
  const late = (): void => {
    // Nobody hears what comes of it.
    void Promise.resolve()
      .then(effect)
      .catch(() => undefined);
  };
  for (const fault of faults) {
    if (fault.kind === 'crash' && fault.when !== 'after') {
      if (fault.when === 'inside') world.later(lateMs, late);
      world.crash(process, fault.downMs);
      await never();
    }
    if (fault.kind !== 'database' || fault.how === 'unknown_done') continue;
    if (fault.how === 'unknown_late') world.later(lateMs, late);
    throw databaseError(fault);
  }
}

async function after({ world, process }: Question, faults: readonly StepFault[]): Promise<void> {
  for (const fault of faults) {
    if (fault.kind === 'crash' && fault.when === 'after') {
      world.crash(process, fault.downMs);
      await never();
    }
    if (fault.kind === 'database' && fault.how === 'unknown_done') throw databaseError(fault);
  }
}

function databaseError({ how, step }: DatabaseTrouble): AppError {
  const code = step === 'commit' ? COMMIT_CODES[how] : 'database_unavailable';
  return new AppError(code, `The database: ${how}`, { retryable: true });
}

const COMMIT_CODES: Readonly<Record<DatabaseTrouble['how'], string>> = {
  unavailable: 'database_unavailable',
  busy: 'database_busy',
  not_committed: 'not_committed',
  unknown_done: 'commit_unknown',
  unknown_lost: 'commit_unknown',
  unknown_late: 'commit_unknown',
};
