// A lock between processes, so that two that measure on one machine do not disturb each other.
import { spawn } from 'node:child_process';
import { once } from 'node:events';

/** Does the work while holding flock(1)'s lock of the file; without a file at once. Waits as long as another holds it. */
export async function holdLock<T>(file: string | undefined, work: () => Promise<T>): Promise<T> {
  if (file === undefined) return work();
  // cat ends when this process closes its input or dies: the lock never outlives it.
  const holder = spawn('flock', [file, 'sh', '-c', 'echo held; cat'], {
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  const said: unknown[] = await Promise.race([once(holder.stdout, 'data'), once(holder, 'close')]);
  if (!(said[0] instanceof Buffer)) throw new Error(`flock could not lock ${file}`);
  const hasEnded = once(holder, 'close');
  try {
    return await work();
  } finally {
    holder.stdin.end();
    await hasEnded;
  }
}
