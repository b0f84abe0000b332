// What a killed launcher left behind is found and ended, and nobody else's process is touched.
import { spawn, type ChildProcess } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { identify, parseLinuxStart } from '../process/identity.ts';
import {
  endRecordedProcesses,
  forgetProcess,
  recordProcess,
  releaseLauncherLock,
  runningProcesses,
  takeLauncherLock,
} from '../process/pidFiles.ts';

const GRACE_MS = 20_000;
let runDir: string;
const started: ChildProcess[] = [];

beforeEach(() => {
  runDir = mkdtempSync(path.join(os.tmpdir(), 'orderflow-pid-'));
});

afterEach(() => {
  for (const child of started.splice(0)) child.kill('SIGKILL');
  rmSync(runDir, { recursive: true, force: true });
});

function startSleeper(source = 'setInterval(() => {}, 1000)'): {
  pid: number;
  ended: Promise<unknown>;
} {
  const child = spawn(process.execPath, ['-e', source], { stdio: 'ignore', detached: true });
  started.push(child);
  const ended = new Promise((resolve) => {
    child.once('exit', (code, signal) => {
      resolve(signal ?? code);
    });
  });
  if (child.pid === undefined) throw new Error('the child did not start');
  return { pid: child.pid, ended };
}

describe('the record of processes', () => {
  it('finds a process that runs, and no more once it is forgotten', () => {
    const { pid } = startSleeper();
    recordProcess(runDir, { pid, name: 'orders', stopRank: 1 });
    expect(runningProcesses(runDir)).toMatchObject([{ pid, name: 'orders' }]);
    forgetProcess(runDir, 'orders', pid);
    expect(runningProcesses(runDir)).toEqual([]);
  });

  it('lists them in the order in which they may end', () => {
    recordProcess(runDir, { pid: startSleeper().pid, name: 'mariadb', stopRank: 5 });
    recordProcess(runDir, { pid: startSleeper().pid, name: 'gateway', stopRank: 0 });
    expect(runningProcesses(runDir).map((entry) => entry.name)).toEqual(['gateway', 'mariadb']);
  });

  it('ends what is on record', async () => {
    const { pid, ended } = startSleeper();
    recordProcess(runDir, { pid, name: 'orders', stopRank: 1 });
    expect(await endRecordedProcesses(runDir, GRACE_MS)).toMatchObject([{ pid }]);
    expect(await ended).toBe('SIGTERM');
    expect(runningProcesses(runDir)).toEqual([]);
  });

  it('leaves a process alone that got the pid of one on record', async () => {
    const { pid } = startSleeper();
    mkdirSync(runDir, { recursive: true });
    const stale = { pid, startedAt: 'another boot/1', name: 'orders', stopRank: 1 };
    writeFileSync(path.join(runDir, 'orders.pid.json'), JSON.stringify(stale));
    expect(await endRecordedProcesses(runDir, GRACE_MS)).toEqual([]);
    expect(identify(pid)).toBeDefined();
    expect(existsSync(path.join(runDir, 'orders.pid.json'))).toBe(false);
  });

  it('is not upset by a file that was cut off while it was written', () => {
    writeFileSync(path.join(runDir, 'orders.pid.json'), '{"pid": 12');
    expect(runningProcesses(runDir)).toEqual([]);
  });
});

describe('the lock of a launcher', () => {
  it('is held by one process, which others are told of', () => {
    expect(takeLauncherLock(runDir)).toBeUndefined();
    expect(takeLauncherLock(runDir)).toBe(process.pid);
  });

  it('is free again after its holder gave it back', () => {
    takeLauncherLock(runDir);
    releaseLauncherLock(runDir);
    expect(takeLauncherLock(runDir)).toBeUndefined();
  });

  it('is taken over from a holder that is gone', () => {
    const gone = { pid: process.pid, startedAt: 'another boot/1', name: 'launcher', stopRank: 0 };
    writeFileSync(path.join(runDir, 'launcher.lock'), JSON.stringify(gone));
    expect(takeLauncherLock(runDir)).toBeUndefined();
  });
});

describe('the start of a process in /proc', () => {
  const rest = Array.from({ length: 18 }, (_, i) => i).join(' ');

  it('is read past a program name with blanks and brackets', () => {
    expect(parseLinuxStart(`7 (a ) b) S ${rest} 4711 0`, 'boot\n')).toBe('boot/4711');
  });

  it('is none for a zombie', () => {
    expect(parseLinuxStart(`7 (node) Z ${rest} 4711 0`, 'boot')).toBeUndefined();
  });
});
