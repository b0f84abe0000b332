// The machine and the programs, as the report names them.
import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { z } from 'zod';
import { CHECKOUT } from '../local/places.ts';
import type { BenchArguments } from './arguments.ts';
import type { Ground } from './ground.ts';
import type { Setting } from './results.ts';

const BYTES_PER_GIB = 1024 ** 3;
const NAMED_PACKAGES = ['express', 'kafkajs', 'mysql2', 'sequelize'];
const packageFile = z.object({ devDependencies: z.record(z.string(), z.string()) });

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

/** The setting, with what the servers say of themselves, how it was measured, and the pool sizes taken. */
export function describeSetting(
  machine: ReturnType<typeof lookAtMachine>,
  ground: Ground,
  { seconds, warmupSeconds }: BenchArguments,
  poolSizes: Readonly<Record<string, string>>,
): Setting {
  return {
    ...machine,
    versions: {
      system: `${os.type()} ${os.release()}`,
      node: process.version,
      database: ground.databaseVersion,
      kafka: kafkaVersion(),
      ...packageVersions(),
    },
    settings: {
      'measured window': `${seconds} s after ${warmupSeconds} s of the same load`,
      ...ground.durability,
      ...poolSizes,
    },
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

/** As the file has it that the embedded broker is installed from. */
function kafkaVersion(): string {
  const pom = readFileSync(path.join(CHECKOUT, 'local', 'embedded', 'pom.xml'), 'utf8');
  const [, version] = /<kafka\.version>([^<]+)</.exec(pom) ?? [];
  return version ?? 'unknown';
}

function packageVersions(): Record<string, string> {
  const json = readFileSync(path.join(CHECKOUT, 'package.json'), 'utf8');
  const { devDependencies } = packageFile.parse(JSON.parse(json));
  return Object.fromEntries(NAMED_PACKAGES.map((name) => [name, devDependencies[name] ?? '']));
}
