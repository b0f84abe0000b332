// Runs one npm script with the terminal's output, so that all of it can be ended, grandchildren included.
import { spawn } from 'node:child_process';
import { CHECKOUT } from '../places.ts';
import { forgetProcess, recordProcess } from './pidFiles.ts';
import { endGroup, signalGroup } from './processGroup.ts';

const STOP_GRACE_MS = 10_000;

/** A script that runs. */
export interface RunningScript {
  /** Its exit code; 1 when a signal ended it. */
  readonly exitCode: Promise<number>;
  /** Ends it and everything that it started, that which outlives npm included; never rejects. */
  readonly stop: () => Promise<void>;
}

/**
 * Starts `npm run SCRIPT -- ARGS`; on record in runDir while it runs. What is left of its process group when it ends
 * by itself is killed; stop() gives that graceMs (milliseconds) first.
 */
export function startScript(
  script: string,
  args: readonly string[],
  env: Readonly<Record<string, string | undefined>>,
  runDir: string,
  graceMs = STOP_GRACE_MS,
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
  let stopping: Promise<void> | undefined;
  const exitCode = new Promise<number>((resolve) => {
    const end = (code: number | null) => {
      ended = true;
      if (pid !== undefined) {
        forgetProcess(runDir, script, pid);
        // npm may end before what it started. In this moment the group's number is safe, see endGroup(): either
        // members hold it, or it became free just now. Under stop() they have their time to end.
        if (stopping === undefined) signalGroup(pid, 'SIGKILL');
      }
      resolve(code ?? 1);
    };
    child.once('exit', end);
    child.once('error', (error) => {
      process.stderr.write(`npm could not be started: ${error.message}\n`);
      end(127);
    });
  });
  const endAll = async () => {
    if (ended || pid === undefined) return; // then nothing is left of the group, see above
    if (!(await endGroup(pid, graceMs))) throw new Error(`group ${pid} has processes left`);
    await exitCode;
  };
  const tell = (error: unknown) => {
    // Whoever stops it has databases and brokers to take down next, and must get there.
    process.stderr.write(`${script} could not be ended: ${String(error)}\n`);
  };
  return { exitCode, stop: () => (stopping ??= endAll().catch(tell)) };
}
