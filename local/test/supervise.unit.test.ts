// A process that cannot even be started again ends the launcher in order, with the cause told.
import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { eventually } from '@orderflow/shared/testing/eventually.ts';
import { runningProcesses } from '../process/pidFiles.ts';
import { createSupervisor, type SupervisedProcess } from '../process/supervise.ts';
import { createReport } from '../report.ts';

let dir: string;

beforeEach(() => {
  dir = mkdtempSync(path.join(os.tmpdir(), 'orderflow-supervise-'));
});

afterEach(() => {
  rmSync(dir, { recursive: true, force: true });
});

function sleeper(): SupervisedProcess {
  return {
    spec: {
      name: 'orders',
      command: process.execPath,
      args: ['-e', 'setInterval(() => {}, 1000)', dir],
      env: {},
      cwd: dir,
      logFile: path.join(dir, 'logs', 'orders.log'),
      runDir: path.join(dir, 'run'),
      stopRank: 1,
    },
    isReady: () => Promise.resolve(true),
    readyTimeoutMs: 20_000,
    stopGraceMs: 20_000,
  };
}

describe('a supervisor', () => {
  it('tells the cause and gives up when the system has no means for another start', async () => {
    const told: string[] = [];
    const report = createReport(
      { isTTY: false, write: (text: unknown) => told.push(String(text)) > 0 },
      () => 0,
    );
    const target = sleeper();
    const { promise: gaveUp, resolve: giveUp } = Promise.withResolvers<string>();
    const supervisor = createSupervisor(target, report, giveUp);
    await supervisor.start();
    const [running] = runningProcesses(target.spec.runDir);
    // In place of a full disk: the log cannot be opened any more, and that is no LaunchFailure.
    rmSync(path.dirname(target.spec.logFile), { recursive: true });
    writeFileSync(path.dirname(target.spec.logFile), '');
    process.kill(running?.pid ?? Number.NaN, 'SIGKILL');
    expect(await gaveUp).toBe('orders cannot be started again');
    expect(told.join('')).toContain('EEXIST');
    await supervisor.stop();
  });

  it('ends a process that it could not put on record', async () => {
    const target = sleeper();
    writeFileSync(target.spec.runDir, '');
    const report = createReport({ isTTY: false, write: () => true }, () => 0);
    await expect(createSupervisor(target, report).start()).rejects.toMatchObject({
      code: 'EEXIST',
    });
    const commands = () => execFileSync('ps', ['-A', '-o', 'args='], { encoding: 'utf8' });
    await eventually(() => !commands().includes(dir), 'no process of it runs');
  });
});
