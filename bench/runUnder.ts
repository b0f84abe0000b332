// Parts of a run inside another command, so that several who measure on one machine do not disturb each other.
import { spawn } from 'node:child_process';
import { once } from 'node:events';

/**
 * Does the work while `wrapper` runs around it: a command line, parted at blanks, that runs the command which is put after
 * it, such as `flock FILE`. At once without one. Waits as long as the wrapper does. Rejects when the wrapper ends instead.
 */
export async function runUnder<T>(wrapper: string | undefined, work: () => Promise<T>): Promise<T> {
  const [command, ...args] = wrapper?.split(' ').filter((word) => word !== '') ?? [];
  if (command === undefined) return work();
  // cat ends when this process closes its input or dies: what the wrapper holds is never held longer. A wrapper that still
  // waits then would take its turn for nothing: it is ended with all that it has started, for which it leads a group.
  const holder = spawn(command, [...args, 'sh', '-c', 'echo held; cat'], {
    stdio: ['pipe', 'pipe', 'inherit'],
    detached: true,
  });
  const endGroup = () => {
    if (holder.pid !== undefined) process.kill(-holder.pid);
  };
  process.once('exit', endGroup);
  const hasEnded = once(holder, 'close').finally(() => process.off('exit', endGroup));
  const said: unknown[] = await Promise.race([once(holder.stdout, 'data'), hasEnded]);
  if (!(said[0] instanceof Buffer)) throw new Error(`${command} ended before it ran anything`);
  try {
    return await work();
  } finally {
    holder.stdin.end();
    await hasEnded;
  }
}
