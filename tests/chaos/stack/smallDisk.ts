// A disk of a few hundred MiB that can be filled to the last byte: a tmpfs, which needs the right to mount.
import { execFileSync } from 'node:child_process';
import {
  closeSync,
  existsSync,
  mkdirSync,
  openSync,
  readFileSync,
  rmSync,
  writeSync,
} from 'node:fs';
import path from 'node:path';
import { isLeftOver } from '../../../local/leftovers.ts';

/** What stands as the device in the list of mounts. */
const DEVICE = 'orderflow-chaos';
const MOUNTS = '/proc/mounts';
const CHUNK_BYTES = 1_048_576;
const LAST_CHUNK_BYTES = 512;

/** A mounted small disk. */
export interface SmallDisk {
  /** Takes every byte that is left. */
  readonly fill: () => void;
  /** Gives them back. */
  readonly free: () => void;
  readonly unmount: () => void;
}

/** Mounts one at `dir`. Throws where mounting is not allowed. */
export function mountSmallDisk(dir: string, sizeMib: number): SmallDisk {
  mkdirSync(dir, { recursive: true });
  const options = `size=${sizeMib}m,mode=0755`;
  execFileSync('mount', ['-t', 'tmpfs', '-o', options, DEVICE, dir], { stdio: 'pipe' });
  const filler = path.join(dir, 'filler');
  return {
    fill: () => {
      fillUp(filler);
    },
    free: () => {
      rmSync(filler, { force: true });
    },
    // Lazily: a server that was killed a moment ago may still be in the books of the kernel.
    unmount: () => {
      unmount(dir);
    },
  };
}

/** Why this machine cannot have a small disk; undefined: it can. */
export function whyNoSmallDisk(dir: string): string | undefined {
  try {
    mountSmallDisk(dir, 1).unmount();
    rmSync(dir, { recursive: true, force: true });
    return undefined;
  } catch (error) {
    const said = error instanceof Error ? error.message.split('\n').join(' ') : String(error);
    return `a small tmpfs cannot be mounted: ${said.trim()}`;
  }
}

/** Unmounts what a run has left under `home` that was killed; its folder could not be removed otherwise. */
export function unmountLeftovers(home: string): void {
  // Only where there is this list was anything mounted.
  if (!existsSync(MOUNTS)) return;
  for (const line of readFileSync(MOUNTS, 'utf8').split('\n')) {
    const [device, dir = ''] = line.split(' ');
    const [owner = ''] = path.relative(home, dir).split(path.sep);
    if (device === DEVICE && isLeftOver(owner)) unmount(dir);
  }
}

function unmount(dir: string): void {
  execFileSync('umount', ['--lazy', dir], { stdio: 'pipe' });
}

function fillUp(file: string): void {
  const filler = openSync(file, 'a');
  try {
    for (const size of [CHUNK_BYTES, LAST_CHUNK_BYTES]) {
      const zeros = Buffer.alloc(size);
      while (canWrite(filler, zeros));
    }
  } finally {
    closeSync(filler);
  }
}

function canWrite(file: number, bytes: Buffer): boolean {
  try {
    return writeSync(file, bytes) > 0;
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOSPC') return false;
    throw error;
  }
}
