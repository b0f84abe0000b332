// A script that is ended, or ends, leaves nothing behind of what it had started.
import {
  chmodSync,
  existsSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { eventually } from '@orderflow/shared/testing/eventually.ts';
import { identify } from '../process/identity.ts';
import { startScript, type RunningScript } from '../process/stage.ts';
import { pidWrittenIn, sourceOfStubborn } from './sleepers.ts';

let dir: string;

beforeEach(() => {
  dir = mkdtempSync(path.join(os.tmpdir(), 'orderflow-stage-'));
});

afterEach(() => {
  rmSync(dir, { recursive: true, force: true });
});

/** Starts a stage whose `npm` is a shell with a child that ignores SIGTERM, followed by the lines given. */
function startFamily(lines: string, graceMs: number, logFile?: string): RunningScript {
  const program = path.join(dir, 'stubborn.cjs');
  writeFileSync(program, sourceOfStubborn(dir));
  const npm = path.join(dir, 'npm');
  writeFileSync(npm, `#!/bin/sh\n'${process.execPath}' '${program}' &\n${lines}\n`);
  chmodSync(npm, 0o755);
  const env = { PATH: `${dir}:/usr/bin:/bin` };
  const runDir = path.join(dir, 'run');
  return startScript({ name: 'unit', script: 'jest', args: [], env, runDir, graceMs, logFile });
}

describe('a stage of npm test', () => {
  it('ends with everything it started when it is stopped, though npm itself ends first', async () => {
    const stage = startFamily('wait', 500);
    const pid = await pidWrittenIn(dir);
    await stage.stop();
    expect(identify(pid)).toBeUndefined();
    expect(await stage.exitCode).toBe(1);
  });

  it('leaves nothing of its group when it ends by itself', async () => {
    const stage = startFamily(`while [ ! -e '${dir}/stubborn' ]; do sleep 0.1; done; exit 3`, 500);
    expect(await stage.exitCode).toBe(3);
    const pid = await pidWrittenIn(dir);
    await eventually(() => identify(pid) === undefined, 'the stubborn process is gone');
  });

  it('that runs beside others tells a file, and has the lowest priority', async () => {
    const logFile = path.join(dir, 'log');
    const stage = startFamily('echo one; echo two >&2; nice; exit 0', 500, logFile);
    expect(await stage.exitCode).toBe(0);
    expect(readFileSync(logFile, 'utf8')).toBe('one\ntwo\n19\n');
  });

  it('can be stopped after its end, and is off the record', async () => {
    const stage = startFamily('exit 0', 500);
    expect(await stage.exitCode).toBe(0);
    await stage.stop();
    await stage.stop();
    const runDir = path.join(dir, 'run');
    expect(existsSync(runDir) ? readdirSync(runDir) : []).toEqual([]);
  });
});
