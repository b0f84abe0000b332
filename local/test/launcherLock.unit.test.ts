// Of all launchers that start in one folder, exactly one goes on, whatever a killed one left there.
import { spawn, type ChildProcess } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import {
  claimLock,
  lookAtLock,
  releaseLauncherLock,
  takeLauncherLock,
} from '../process/launcherLock.ts';

const LOCK = path.join(import.meta.dirname, '..', 'process', 'launcherLock.ts');
/** A pid that runs, with another start: what is left of a killed launcher whose pid was given out again. */
const GONE = JSON.stringify({ pid: process.pid, startedAt: 'another boot/1' });
let runDir: string;
const launchers: ChildProcess[] = [];

beforeEach(() => {
  runDir = mkdtempSync(path.join(os.tmpdir(), 'orderflow-lock-'));
});

afterEach(() => {
  for (const launcher of launchers.splice(0)) launcher.kill('SIGKILL');
  rmSync(runDir, { recursive: true, force: true });
});

describe('the lock of a launcher', () => {
  it('is held by one process, which others are told of', () => {
    expect(takeLauncherLock(runDir)).toBeUndefined();
    expect(takeLauncherLock(runDir)).toBe(process.pid);
  });

  it('is free again after its holder gave it back, any number of times', () => {
    for (let time = 0; time < 5; time += 1) {
      expect(takeLauncherLock(runDir)).toBeUndefined();
      releaseLauncherLock(runDir);
    }
  });

  it('is taken over from a holder that is gone', () => {
    writeFileSync(path.join(runDir, 'launcher.7.lock'), GONE);
    expect(takeLauncherLock(runDir)).toBeUndefined();
  });

  it('stays with whoever took it over when another one saw the same dead holder', () => {
    writeFileSync(path.join(runDir, 'launcher.7.lock'), GONE);
    const seen = lookAtLock(runDir);
    expect(takeLauncherLock(runDir)).toBeUndefined();
    expect(claimLock(runDir, seen.generation + 1)).toBe(false);
    expect(lookAtLock(runDir).holder?.pid).toBe(process.pid);
  });

  it('stays with its holder when somebody looked several launchers ago', () => {
    const seen = lookAtLock(runDir);
    for (let launcher = 0; launcher < 3; launcher += 1) {
      releaseLauncherLock(runDir);
      expect(takeLauncherLock(runDir)).toBeUndefined();
    }
    expect(claimLock(runDir, seen.generation + 1)).toBe(false);
    expect(takeLauncherLock(runDir)).toBe(process.pid);
  });

  it('goes to one of six processes that start together over a dead holder', async () => {
    writeFileSync(path.join(runDir, 'launcher.7.lock'), GONE);
    const said = await Promise.all(Array.from({ length: 6 }, startLauncher));
    const winners = said.filter((line) => line === 'undefined');
    expect(winners).toHaveLength(1);
  });
});

/** Starts a process that takes the lock, says what it got, and ends when all have been answered. */
function startLauncher(): Promise<string> {
  const source = `import { takeLauncherLock } from ${JSON.stringify(LOCK)};
    process.stdin.resume();
    process.stdout.write(String(takeLauncherLock(${JSON.stringify(runDir)})) + '\\n');`;
  const child = spawn(process.execPath, ['--input-type=module', '-e', source], {
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  launchers.push(child);
  return new Promise((resolve, reject) => {
    child.once('error', reject);
    child.once('exit', (code) => {
      reject(new Error(`it ended with ${String(code)} before it said anything`));
    });
    child.stdout.once('data', (line: Buffer) => {
      resolve(line.toString().trim());
    });
  });
}
