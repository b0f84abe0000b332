// Runs one npm script with the terminal's output, so that all of it can be ended, grandchildren included.
import { spawn } from 'node:child_process';
import { setTimeout as wait } from 'node:timers/promises';
import { CHECKOUT } from '../places.ts';
import { forgetProcess, recordProcess } from './pidFiles.ts';

const STOP_GRACE_MS = 10_000;

/** A script that runs. */
export interface RunningScript {
  /** Its exit code; 1 when a signal ended it. */
  readonly exitCode: Promise<number>;
  /** Ends it and everything that it started. */
  readonly stop: () => Promise<void>;
}

/** Starts `npm run SCRIPT -- ARGS`; on record in runDir while it runs. */
export function startScript(
  script: string,
  args: readonly string[],
  env: Readonly<Record<string, string | undefined>>,
  runDir: string,
): RunningScript {
  const child = spawn('npm', ['run', '--silent', script, '--', ...args], {
    cwd: CHECKOUT,
    env,
    stdio: ['ignore', 'inherit', 'inherit'],
    // A process group of its own: a signal to the group reaches jest, its workers and what the tests started.
    detached: true,
  });
  const { pid } = child;
  if (pid !== undefined) recordProcess(runDir, { pid, name: script, stopRank: 0 });
  let ended = false;
  const exitCode = new Promise<number>((resolve) => {
    const end = (code: number | null) => {
      ended = true;
      if (pid !== undefined) forgetProcess(runDir, script, pid);
      resolve(code ?? 1);
    };
    child.once('exit', end);
    child.once('error', (error) => {
      process.stderr.write(`npm could not be started: ${error.message}\n`);
      end(127);
    });
  });
  const signalGroup = (signal: NodeJS.Signals) => {
    if (ended || pid === undefined) return;
    process.kill(-pid, signal);
  };
  return {
    exitCode,
    stop: async () => {
      signalGroup('SIGTERM');
      await Promise.race([exitCode, wait(STOP_GRACE_MS, undefined, { ref: false })]);
      signalGroup('SIGKILL');
      await exitCode;
    },
  };
}
