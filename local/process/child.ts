// Child processes of the launcher: each in a process group of its own, on record, with its output in a log file.
import { spawn, type ChildProcess } from 'node:child_process';
import { closeSync, mkdirSync, openSync, renameSync, statSync } from 'node:fs';
import path from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { LaunchFailure } from '../failure.ts';
import { forgetProcess, recordProcess } from './pidFiles.ts';

const LOG_LIMIT_BYTES = 20 * 1024 * 1024;

/** An unprivileged account that a child runs as. */
export interface Account {
  readonly uid: number;
  readonly gid: number;
}

/** How a child is started. */
export interface ChildSpec {
  readonly name: string;
  readonly command: string;
  readonly args: readonly string[];
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly cwd: string;
  readonly logFile: string;
  /** Where its pid file lies while it runs. */
  readonly runDir: string;
  readonly stopRank: number;
  readonly account?: Account | undefined;
}

/** How a child ended. */
export interface ChildExit {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
}

/** A child that was started. */
export interface Child {
  readonly pid: number;
  /** Settles when the process has ended; never rejects. */
  readonly exited: Promise<ChildExit>;
  readonly hasExited: () => boolean;
  readonly signal: (signal: NodeJS.Signals) => void;
}

/** Starts a child; throws a LaunchFailure when the program cannot be executed at all. */
export async function startChild(spec: ChildSpec): Promise<Child> {
  const started = spawnIntoLog(spec);
  const failure = new Promise<Error>((resolve) => started.once('error', resolve));
  if (started.pid === undefined) {
    throw new LaunchFailure(
      `${spec.name} could not be started: ${(await failure).message}`,
      `See whether ${spec.command} is there and may be executed.`,
      spec.logFile,
    );
  }
  const pid = started.pid;
  try {
    recordProcess(spec.runDir, { pid, name: spec.name, stopRank: spec.stopRank });
  } catch (error) {
    // The caller never gets to know of it, so nobody else could end it.
    started.kill('SIGKILL');
    throw error;
  }
  const exited = whenExited(started).then((exit) => {
    forgetProcess(spec.runDir, spec.name, pid);
    return exit;
  });
  return {
    pid,
    exited,
    hasExited: () => started.exitCode !== null || started.signalCode !== null,
    // Node knows whether its own child has been waited for, so this signal cannot reach another process.
    signal: (signal) => void started.kill(signal),
  };
}

function spawnIntoLog(spec: ChildSpec): ChildProcess {
  const log = openLog(spec.logFile);
  try {
    return spawn(spec.command, spec.args, {
      cwd: spec.cwd,
      env: spec.env,
      stdio: ['ignore', log, log],
      // Its own process group: Ctrl-C in a terminal reaches every process of the foreground group at once,
      // and the database must not end before the services that still write to it.
      detached: true,
      ...(spec.account ?? {}),
    });
  } finally {
    closeSync(log);
  }
}

/** Ends a child: SIGTERM, and SIGKILL when graceMs (milliseconds) were not enough. */
export async function stopChild(child: Child, graceMs: number): Promise<ChildExit> {
  child.signal('SIGTERM');
  const timer = new AbortController();
  const late = wait(graceMs, 'late' as const, { signal: timer.signal }).catch(() => undefined);
  const first = await Promise.race([child.exited, late]);
  timer.abort();
  if (first === 'late') child.signal('SIGKILL');
  return child.exited;
}

/** "code 78" or "signal SIGKILL", for messages. */
export function describeExit(exit: ChildExit): string {
  return exit.signal === null ? `code ${exit.code}` : `signal ${exit.signal}`;
}

/** Opens a log for appending; one that has grown large is put aside once, as NAME.old. */
export function openLog(file: string): number {
  mkdirSync(path.dirname(file), { recursive: true });
  const size = statSync(file, { throwIfNoEntry: false })?.size ?? 0;
  if (size > LOG_LIMIT_BYTES) renameSync(file, `${file}.old`);
  return openSync(file, 'a');
}

function whenExited(started: ChildProcess): Promise<ChildExit> {
  return new Promise((resolve) => {
    started.once('exit', (code, signal) => {
      resolve({ code, signal });
    });
  });
}
