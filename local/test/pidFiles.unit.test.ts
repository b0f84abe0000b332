// What a killed launcher left behind is found and ended, and nobody else's process is touched.
import { spawn } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import {
  identify,
  identifySelf,
  parseLinuxStart,
  type ProcessIdentity,
} from '../process/identity.ts';
import {
  endProcessesOf,
  endRecordedProcesses,
  forgetProcess,
  recordProcess,
  runningProcesses,
} from '../process/pidFiles.ts';
import { endSleepers, pidWrittenIn, sourceOfStubbornFamily, startSleeper } from './sleepers.ts';

const GRACE_MS = 20_000;
let runDir: string;

beforeEach(() => {
  runDir = mkdtempSync(path.join(os.tmpdir(), 'orderflow-pid-'));
});

afterEach(() => {
  endSleepers();
  rmSync(runDir, { recursive: true, force: true });
});

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

  it('ends what a process on record had started too, though that outlives it', async () => {
    const { pid } = startSleeper(sourceOfStubbornFamily(runDir));
    const grandchild = await pidWrittenIn(runDir);
    recordProcess(runDir, { pid, name: 'unit', stopRank: 0 });
    await endRecordedProcesses(runDir, 200);
    expect(identify(grandchild)).toBeUndefined();
  });

  it('names a process that it may not end, instead of waiting for it for ever', async () => {
    const { pid } = startSleeper();
    recordProcess(runDir, { pid, name: 'kafka', stopRank: 4 });
    const kill = process.kill.bind(process);
    process.kill = () => {
      throw Object.assign(new Error('kill EPERM'), { code: 'EPERM' });
    };
    try {
      const attempt = endRecordedProcesses(runDir, GRACE_MS);
      await expect(attempt).rejects.toThrow(`cannot be ended: kafka (pid ${pid})`);
      await expect(attempt).rejects.toMatchObject({
        name: 'LaunchFailure',
        advice: expect.stringContaining(`kill -9 ${pid}`) as string,
      });
    } finally {
      process.kill = kill;
    }
    expect(runningProcesses(runDir)).toMatchObject([{ pid }]);
  });

  it('is not upset by a file that was cut off while it was written', () => {
    writeFileSync(path.join(runDir, 'orders.pid.json'), '{"pid": 12');
    expect(runningProcesses(runDir)).toEqual([]);
  });
});

describe('the warden of a launcher', () => {
  const gone = { pid: 4711, startedAt: 'this boot/1' };
  const next = { pid: 4711, startedAt: 'this boot/2' };

  function recordFor(launcher: ProcessIdentity, name: string, pid: number): void {
    const record = { ...identify(pid), name, stopRank: 1, launcher };
    writeFileSync(path.join(runDir, `${name}.pid.json`), JSON.stringify(record));
  }

  it('ends what its launcher had started, and nothing that the next launcher started meanwhile', async () => {
    const [left, own] = [startSleeper(), startSleeper()];
    recordFor(gone, 'orders', left.pid);
    recordFor(next, 'users', own.pid);
    const program = path.join(import.meta.dirname, '..', 'process', 'warden.ts');
    const args = [program, runDir, String(gone.pid), gone.startedAt];
    const warden = spawn(process.execPath, args, { stdio: ['pipe', 'ignore', 'inherit'] });
    const ended = new Promise((resolve) => warden.once('exit', resolve));
    warden.stdin.end();
    expect(await ended).toBe(0);
    expect(await left.ended).toBe('SIGTERM');
    expect(runningProcesses(runDir)).toMatchObject([{ pid: own.pid, name: 'users' }]);
  });

  it('knows the processes of its launcher by the record that the launcher made', async () => {
    const { pid, ended } = startSleeper();
    recordProcess(runDir, { pid, name: 'orders', stopRank: 1 });
    await endProcessesOf(gone, runDir, GRACE_MS);
    expect(identify(pid)).toBeDefined();
    await endProcessesOf(identifySelf(), runDir, GRACE_MS);
    expect(await ended).toBe('SIGTERM');
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
