// Keeps one process up: starts it, waits until it is ready, and starts it again with back-off when it dies, saying so.
import { setTimeout as wait } from 'node:timers/promises';
import { LaunchFailure } from '../failure.ts';
import { describeFailure, type Report } from '../report.ts';
import {
  describeExit,
  startChild,
  stopChild,
  type Child,
  type ChildExit,
  type ChildSpec,
} from './child.ts';
import { requestStop } from './stopRequest.ts';

/** What is to be kept up. */
export interface SupervisedProcess {
  readonly spec: ChildSpec;
  /** One look, without waiting: does it serve? May throw, which counts as no. */
  readonly isReady: () => Promise<boolean>;
  /** How long it may take to be ready, and to end after SIGTERM, in milliseconds. */
  readonly readyTimeoutMs: number;
  readonly stopGraceMs: number;
}

/** A process that is kept up until it is told to stop. */
export interface Supervisor {
  /** Starts it and resolves when it is ready; a LaunchFailure when it ends or stays silent instead. */
  readonly start: () => Promise<void>;
  /** Ends it for good. */
  readonly stop: () => Promise<void>;
}

const FIRST_BACKOFF_MS = 500;
const LONGEST_BACKOFF_MS = 10_000;
/** A process that stayed up this long starts anew with the shortest back-off. */
const STEADY_MS = 30_000;
const READY_POLL_MS = 100;

/** The wait before start number attempt (from 1) after a death, in milliseconds. */
export function restartDelayMs(attempt: number): number {
  return Math.min(FIRST_BACKOFF_MS * 2 ** (attempt - 1), LONGEST_BACKOFF_MS);
}

/**
 * Makes the supervisor of one process; nothing runs before start().
 * @param giveUp called after the report when no start can be tried again; by default the launcher stops in order
 */
export function createSupervisor(
  target: SupervisedProcess,
  report: Report,
  giveUp: (why: string) => void = requestStop,
): Supervisor {
  const stopping = new AbortController();
  const isStopping = () => stopping.signal.aborted;
  let child: Child | undefined;
  let guard: Promise<void> = Promise.resolve();

  async function launch(): Promise<void> {
    stopping.signal.throwIfAborted();
    child = await startChild(target.spec);
    // stop() may have come while it was being started, and could not know of it.
    if (isStopping()) await stopChild(child, target.stopGraceMs);
    await untilReady(target, child, stopping.signal);
  }

  async function keepUp(): Promise<void> {
    let deaths = 0;
    let upSince = performance.now();
    while (child !== undefined) {
      const exit = await child.exited;
      if (isStopping()) return;
      deaths = performance.now() - upSince > STEADY_MS ? 1 : deaths + 1;
      await backOff(target.spec.name, exit, deaths, report, stopping.signal);
      upSince = performance.now();
      await launchAgain();
    }
  }

  /** When it does not come up, the process is ended, and the loop above sees that like any other death. */
  async function launchAgain(): Promise<void> {
    try {
      await launch();
      report.step(target.spec.name, 'is back');
    } catch (error) {
      if (isStopping()) return;
      // No file descriptor, no space on the disk: that ends no better the next time.
      if (!(error instanceof LaunchFailure)) throw error;
      report.warn(target.spec.name, `${error.message}, see ${String(error.logFile)}`);
      if (child !== undefined) await stopChild(child, target.stopGraceMs);
    }
  }

  return {
    start: async () => {
      await launch();
      guard = keepUp().catch(tellAndGiveUp(target.spec.name, report, giveUp));
    },
    stop: async () => {
      stopping.abort();
      if (child !== undefined) await stopChild(child, target.stopGraceMs);
      await guard;
    },
  };
}

/** Says that it ended and waits before the next start, or until all is to stop. */
async function backOff(
  name: string,
  exit: ChildExit,
  deaths: number,
  report: Report,
  stopping: AbortSignal,
): Promise<void> {
  const delayMs = restartDelayMs(deaths);
  report.warn(name, `ended (${describeExit(exit)}), starts again in ${delayMs / 1000} s`);
  await wait(delayMs, undefined, { signal: stopping }).catch(() => undefined);
}

/**
 * Nobody awaits the guard of a process before the end: what goes wrong in it must be told here, or it would end the
 * launcher by a rejection that nobody handles, and its children would be left to the warden.
 */
function tellAndGiveUp(name: string, report: Report, giveUp: (why: string) => void) {
  return (error: unknown) => {
    report.print(describeFailure(error));
    giveUp(`${name} cannot be started again`);
  };
}

/** Resolves when the child is ready; a LaunchFailure when it ends before, or when its time is up. */
export async function untilReady(
  target: SupervisedProcess,
  child: Child,
  stopping: AbortSignal,
): Promise<void> {
  const { spec, readyTimeoutMs } = target;
  const deadline = performance.now() + readyTimeoutMs;
  for (;;) {
    stopping.throwIfAborted();
    if (child.hasExited()) {
      const exit = await child.exited;
      throw new LaunchFailure(
        `${spec.name} ended before it was ready (${describeExit(exit)})`,
        'The lines above are the end of its log and name the cause.',
        spec.logFile,
      );
    }
    if (await target.isReady().catch(() => false)) return;
    if (performance.now() > deadline) {
      throw new LaunchFailure(
        `${spec.name} was not ready after ${readyTimeoutMs / 1000} s`,
        'The machine may be too busy; the lines above are the end of its log.',
        spec.logFile,
      );
    }
    await wait(READY_POLL_MS);
  }
}
