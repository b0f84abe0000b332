// Folders named after the process that uses them, and what is left of them when that process was killed.
import { randomBytes } from 'node:crypto';
import { existsSync, readdirSync, rmSync } from 'node:fs';
import path from 'node:path';
import { identify } from './process/identity.ts';
import { endRecordedProcesses } from './process/pidFiles.ts';

const GRACE_MS = 10_000;

/** A folder name that tells which process it belongs to: KIND-PID-random. */
export function ownedName(kind: 'test' | 'cluster'): string {
  return `${kind}-${process.pid}-${randomBytes(3).toString('hex')}`;
}

/** The pid in such a name; undefined for any other name. */
export function ownerOf(name: string): number | undefined {
  const [, pid] = /^(?:test|cluster)-(\d+)-[0-9a-f]{6}$/.exec(name) ?? [];
  return pid === undefined ? undefined : Number(pid);
}

/** True for a name of that kind whose process is gone. A pid given out again only delays that. */
export function isLeftOver(name: string): boolean {
  const owner = ownerOf(name);
  return owner !== undefined && identify(owner) === undefined;
}

/** Ends the processes and removes the folders of owners that are gone. */
export async function removeLeftovers(parent: string): Promise<void> {
  const names = existsSync(parent) ? readdirSync(parent) : [];
  for (const name of names) {
    if (!isLeftOver(name)) continue;
    const folder = path.join(parent, name);
    await endRecordedProcesses(path.join(folder, 'run'), GRACE_MS);
    rmSync(folder, { recursive: true, force: true });
  }
}
