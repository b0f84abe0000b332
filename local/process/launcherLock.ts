// The lock of a launcher's folder: of all that start there, however close together, exactly one goes on.
import {
  linkSync,
  mkdirSync,
  readFileSync,
  readdirSync,
  rmSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import path from 'node:path';
import { errorCode, LaunchFailure } from '../failure.ts';
import { identifySelf, isRunning, parseIdentity, type ProcessIdentity } from './identity.ts';

/*
 * Each launcher that gets the lock makes a file of its own, numbered one higher than the last, and the highest
 * number is the lock. Why not one file that is removed when its launcher is found dead? Between that finding and the
 * removal another launcher may have done both and made its own, and that one would be removed: two would run.
 * To make a file of a given number happens once, and the highest never goes away, so here nobody can
 * take anything from a launcher that lives.
 */

/** The lock as it was a moment ago. */
export interface LockState {
  /** The number of the newest lock file; 0 when there is none. */
  readonly generation: number;
  /** Who made it; undefined when that launcher gave the lock back. */
  readonly holder: ProcessIdentity | undefined;
}

/**
 * Makes the calling process the only launcher of this folder until it ends, however it ends.
 * @returns undefined when it is, or the pid of the launcher that is there already; throws a LaunchFailure
 *   when the folder belongs to another account
 */
export function takeLauncherLock(runDir: string): number | undefined {
  try {
    mkdirSync(runDir, { recursive: true });
    for (;;) {
      const { generation, holder } = lookAtLock(runDir);
      if (holder !== undefined && isRunning(holder)) return holder.pid;
      if (claimLock(runDir, generation + 1)) return undefined;
    }
  } catch (error) {
    if (!['EACCES', 'EPERM'].includes(errorCode(error) ?? '')) throw error;
    throw new LaunchFailure(
      `${runDir} cannot be written: another account, perhaps root, started Orderflow here`,
      'Start as that account, or let it remove the folder (and what still runs of it) first.',
    );
  }
}

/** Gives the launcher's lock back; does nothing if another launcher has it. Never throws. */
export function releaseLauncherLock(runDir: string): void {
  try {
    const { generation, holder } = lookAtLock(runDir);
    // Emptied, not removed: were the highest number to go down, a launcher that looked earlier could
    // make a higher file, and one that looks later a lower one, and both would go on.
    if (holder !== undefined && isSelf(holder)) truncateSync(lockFile(runDir, generation));
  } catch {
    // The caller is about to end, and nobody takes its lock for valid after that.
  }
}

/** Reads the lock; what it says may be outdated at once, which claimLock() stands. */
export function lookAtLock(runDir: string): LockState {
  const generation = Math.max(0, ...generations(runDir));
  return { generation, holder: readHolder(lockFile(runDir, generation)) };
}

/** Takes the lock as its next generation; false when somebody was faster, also if that was long ago. */
export function claimLock(runDir: string, generation: number): boolean {
  const file = lockFile(runDir, generation);
  const draft = path.join(runDir, `launcher.${process.pid}.draft`);
  writeFileSync(draft, JSON.stringify(identifySelf()));
  try {
    // Of two at the same moment, the file system lets one make the link; and the file is whole from its
    // first moment, so that nobody takes it for one that was given back.
    linkSync(draft, file);
  } catch (error) {
    if (errorCode(error) === 'EEXIST') return false;
    throw error;
  } finally {
    rmSync(draft, { force: true });
  }
  // We may have looked so long ago that this number was used and cleared away since; then a higher one is there.
  const known = generations(runDir);
  if (known.some((other) => other > generation)) {
    rmSync(file, { force: true });
    return false;
  }
  // The one before stays: a listing under way that missed the newest file finds that one at least.
  for (const old of known) {
    if (old < generation - 1) rmSync(lockFile(runDir, old), { force: true });
  }
  return true;
}

function lockFile(runDir: string, generation: number): string {
  return path.join(runDir, `launcher.${generation}.lock`);
}

function generations(runDir: string): number[] {
  try {
    return readdirSync(runDir).flatMap((name) => {
      const [, number] = /^launcher\.(\d+)\.lock$/.exec(name) ?? [];
      return number === undefined ? [] : [Number(number)];
    });
  } catch (error) {
    if (errorCode(error) === 'ENOENT') return [];
    throw error;
  }
}

/** An unreadable file must not count as one given back, so only a missing or empty one gives undefined. */
function readHolder(file: string): ProcessIdentity | undefined {
  try {
    const text = readFileSync(file, 'utf8');
    return text === '' ? undefined : parseIdentity(JSON.parse(text));
  } catch (error) {
    // Cleared away meanwhile, or cut off when the machine stopped: no launcher of now.
    if (errorCode(error) === 'ENOENT' || error instanceof SyntaxError) return undefined;
    throw error;
  }
}

function isSelf(holder: ProcessIdentity): boolean {
  const self = identifySelf();
  return holder.pid === self.pid && holder.startedAt === self.startedAt;
}
