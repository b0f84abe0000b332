// Data that need not outlive a run of tests lies in the machine's memory where it has room: every commit and every new table waits
// for its disk otherwise, which takes most of the time of making a database.
import { createHash } from 'node:crypto';
import { existsSync, lstatSync, mkdirSync, rmSync, statfsSync } from 'node:fs';
import path from 'node:path';
import { removeLeftovers } from '../leftovers.ts';
import { STATE_DIR } from '../places.ts';

/** Where Linux has a file system in memory, open to all. */
const SHARED_MEMORY = '/dev/shm';
/** Several times of what a whole run leaves in the database's folder. */
const ROOM_BYTES = 2 * 2 ** 30;

/**
 * The folder in memory for this checkout's runs, from which what killed runs left is removed; undefined: there is none, it has
 * less room than so many bytes, or somebody else's is in its place.
 */
export async function findMemoryHome(
  roomBytes = ROOM_BYTES,
  memory = SHARED_MEMORY,
): Promise<string | undefined> {
  if (!existsSync(memory)) return undefined;
  const home = homeIn(memory);
  try {
    mkdirSync(home, { recursive: true, mode: 0o755 });
  } catch {
    return undefined; // something else has this name, or nothing may be written there
  }
  const found = lstatSync(home);
  if (!found.isDirectory() || found.uid !== process.getuid?.()) return undefined;
  await removeLeftovers(home);
  const { bavail, bsize } = statfsSync(home);
  // Of the machine's memory, what a container's limit leaves.
  return Math.min(bavail * bsize, process.availableMemory()) > roomBytes ? home : undefined;
}

/** Gives back what a run holds there, if it holds anything. */
export function releaseMemory(runName: string, memory = SHARED_MEMORY): void {
  rmSync(path.join(homeIn(memory), runName), { recursive: true, force: true });
}

function homeIn(memory: string): string {
  const name = createHash('sha256').update(STATE_DIR).digest('hex').slice(0, 12);
  return path.join(memory, `orderflow-${name}`);
}
