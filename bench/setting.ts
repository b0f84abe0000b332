// The machine and the programs, as the report names them.
import { execFileSync } from 'node:child_process';
import os from 'node:os';
import { CHECKOUT } from '../local/places.ts';
import type { Ground } from './ground.ts';
import type { Setting } from './results.ts';

const BYTES_PER_GIB = 1024 ** 3;

/** Looks at the machine; the first thing that the benchmark does, since it makes load itself. */
export function lookAtMachine() {
  const cpus = os.cpus();
  return {
    startedAt: new Date().toISOString(),
    commit: commitOfCheckout(),
    cpu: cpus[0]?.model ?? 'unknown',
    cores: cpus.length,
    memoryGib: Math.round(os.totalmem() / BYTES_PER_GIB),
    loadAverageBefore: os.loadavg()[0] ?? 0,
  };
}

/** The setting, with what the servers say of themselves and the pool sizes taken. */
export function describeSetting(
  machine: ReturnType<typeof lookAtMachine>,
  ground: Ground,
  poolSizes: Readonly<Record<string, string>>,
): Setting {
  return {
    ...machine,
    versions: ground.versions,
    settings: { ...ground.durability, ...poolSizes },
  };
}

function commitOfCheckout(): string {
  try {
    const ask = (...args: string[]) =>
      execFileSync('git', args, { cwd: CHECKOUT, encoding: 'utf8' }).trim();
    const isChanged = ask('status', '--porcelain', '--untracked-files=no') !== '';
    return `${ask('rev-parse', '--short', 'HEAD')}${isChanged ? ' and changes' : ''}`;
  } catch {
    return 'unknown'; // not a clone
  }
}
