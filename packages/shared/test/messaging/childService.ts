// Starts serviceProcess.ts, and tells how it ended.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import path from 'node:path';
import type { ProcessSettings } from './serviceProcess.ts';

/** A running child process. */
export interface ChildService {
  /** Resolves with the signal or exit code that ended it. */
  readonly ended: Promise<string>;
  kill(signal: NodeJS.Signals): void;
}

/** Starts a service in a process of its own. */
export function startChildService(settings: ProcessSettings): ChildService {
  const script = path.join(import.meta.dirname, 'serviceProcess.ts');
  const child = spawn(process.execPath, ['--no-warnings', script, JSON.stringify(settings)], {
    stdio: ['ignore', 'inherit', 'inherit'],
  });
  const ended = once(child, 'exit').then(([code, signal]) => String(signal ?? code));
  return { ended, kill: (signal) => void child.kill(signal) };
}
