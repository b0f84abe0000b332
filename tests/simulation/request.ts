// A question to a server: it travels there, does what it does in one moment, and its answer travels back. Whoever asks may
// die or be halted meanwhile: what was sent arrives all the same.
import { AppError } from '@orderflow/shared/runtime/appError.ts';
import type { DatabaseTrouble, Step, StepFault } from './faults.ts';
import { latencyMs, never, type Server, type SimProcess, type World } from './world.ts';

/** How much later what was asked for may happen, when whoever asked has given up. */
const LATE_MS = 300;
const AWAY_MS = [5, 100] as const;

/** What is asked: the world, who asks, of whom, and which step it is. */
export interface Question {
  readonly world: World;
  readonly process: SimProcess;
  readonly server: Server;
  readonly step: Step;
}

/** Asks. `effect` is what the server does, in one moment. Never answers a process that has died. */
export async function request<T>(asked: Question, effect: () => Promise<T> | T): Promise<T> {
  const { world, process, step } = asked;
  const faults = world.stepFaults.take(process.name, step);
  if (step === 'read' && faults.length === 0) return look(asked, effect);
  await standStill(asked, faults, 'before');
  for (const fault of faults) {
    if (fault.kind !== 'crash' || fault.when === 'after') continue;
    if (fault.when === 'inside') happenLate(asked, effect);
    world.crash(process, fault.downMs);
    await never();
  }
  const answer = await travel(asked, () => serve(asked, faults, effect));
  await standStill(asked, faults, 'after');
  return answer;
}

/** What is only read has no consequence whose moment could matter: one way is enough, at the end of which it is read. */
async function look<T>(
  { world, process, server, step }: Question,
  effect: () => Promise<T> | T,
): Promise<T> {
  await world.sleep(process, latencyMs(world.random, step));
  if (server.awayUntil > world.scheduler.now) {
    await world.sleep(process, world.random.between(...AWAY_MS));
    throw server.unavailable();
  }
  return effect();
}

/** To the server on behalf of nobody, and back on behalf of the process. */
function travel<T>(
  { world, process, server, step }: Question,
  serve: () => Promise<T>,
): Promise<T> {
  const { random, scheduler } = world;
  const { life } = server;
  return new Promise((resolve, reject) => {
    const back = (settle: () => void): void => {
      scheduler.schedule(latencyMs(random, 'read') / 2, process, settle);
    };
    world.later(latencyMs(random, step), () => {
      const served = server.life === life ? serve() : Promise.reject(server.unavailable());
      served.then(
        (answer) => {
          back(() => {
            resolve(answer);
          });
        },
        (error: unknown) => {
          back(() => {
            reject(error instanceof Error ? error : new Error(String(error)));
          });
        },
      );
    });
  });
}

/** What happens at the server, with what goes wrong there. */
async function serve<T>(
  asked: Question,
  faults: readonly StepFault[],
  effect: () => Promise<T> | T,
): Promise<T> {
  const { world, process, server } = asked;
  if (server.awayUntil > world.scheduler.now) throw server.unavailable();
  const trouble = faults.find((fault) => fault.kind === 'database');
  if (trouble?.how === 'unknown_late') happenLate(asked, effect);
  if (trouble !== undefined && trouble.how !== 'unknown_done') throw databaseError(trouble);
  const answer = await effect();
  for (const fault of faults)
    if (fault.kind === 'crash' && fault.when === 'after') world.crash(process, fault.downMs);
  if (trouble !== undefined) throw databaseError(trouble);
  return answer;
}

/** What was asked for happens when whoever asked has given up or died: nobody hears what comes of it. */
function happenLate({ world, server }: Question, effect: () => unknown): void {
  const { life } = server;
  world.later(world.random.between(0, LATE_MS), () => {
    if (server.life !== life) return;
    void Promise.resolve()
      .then(effect)
      .catch(() => undefined);
  });
}

async function standStill(
  { world, process }: Question,
  faults: readonly StepFault[],
  when: 'before' | 'after',
): Promise<void> {
  const ms = slowness(faults, when);
  if (ms > 0) await world.sleep(process, ms);
}

/** How long the faults hold a step up on one side of what it does. */
export function slowness(faults: readonly StepFault[], when: 'before' | 'after'): number {
  return faults.reduce(
    (sum, fault) => sum + (fault.kind === 'slow' && fault.when === when ? fault.ms : 0),
    0,
  );
}

function databaseError({ how, step }: DatabaseTrouble): AppError {
  const isCommit = step === 'commit' || step === 'redrive';
  const code = isCommit ? COMMIT_CODES[how] : 'database_unavailable';
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
