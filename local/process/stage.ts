// Runs one npm script, so that all of it can be ended, grandchildren included.
import { spawn, type ChildProcess } from 'node:child_process';
import { closeSync, openSync } from 'node:fs';
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

/** What is run, and how. */
export interface ScriptSpec {
  /** Its name on record; no other that runs has it. */
  readonly name: string;
  readonly script: string;
  readonly args: readonly string[];
  readonly env: Readonly<Record<string, string | undefined>>;
  /** Where it is on record while it runs. */
  readonly runDir: string;
  /** Where its output goes, if not to the terminal; it then has the lowest priority, since others run beside it. */
  readonly logFile?: string | undefined;
  /** How long stop() waits, in milliseconds, before what is left is killed; 10 s if not given. */
  readonly graceMs?: number;
}

/** Starts `npm run SCRIPT -- ARGS`. What is left of its process group when it ends by itself is killed. */
export function startScript(spec: ScriptSpec): RunningScript {
  const { name, runDir, graceMs = STOP_GRACE_MS } = spec;
  const child = spawnScript(spec);
  const { pid } = child;
  if (pid !== undefined) recordProcess(runDir, { pid, name, stopRank: 0 });
  let ended = false;
  let stopping: Promise<void> | undefined;
  const exitCode = new Promise<number>((resolve) => {
    const end = (code: number | null) => {
      ended = true;
      if (pid !== undefined) {
        forgetProcess(runDir, name, pid);
        // npm may end before what it started. In this moment the group's number is safe, see endGroup(): either
        // members hold it, or it became free just now. Under stop() they have their time to end.
        if (stopping === undefined) signalGroup(pid, 'SIGKILL');
      }
      resolve(code ?? 1);
    };
    child.once('exit', end);
    child.once('error', (error) => {
      process.stderr.write(`${name} could not be started: ${error.message}\n`);
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
    process.stderr.write(`${name} could not be ended: ${String(error)}\n`);
  };
  return { exitCode, stop: () => (stopping ??= endAll().catch(tell)) };
}

function spawnScript({ script, args, env, logFile }: ScriptSpec): ChildProcess {
  const npm = ['npm', 'run', '--silent', script, '--', ...args];
  // A process group of its own: a signal to the group reaches jest, its workers and what the tests started.
  const options = { cwd: CHECKOUT, env, detached: true };
  if (logFile === undefined)
    return spawn('npm', npm.slice(1), { ...options, stdio: ['ignore', 'inherit', 'inherit'] });
  const log = openSync(logFile, 'a');
  try {
    return spawn('nice', ['-n', '19', ...npm], { ...options, stdio: ['ignore', log, log] });
  } finally {
    closeSync(log);
  }
}
