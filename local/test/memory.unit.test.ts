// Where a run's data lies in memory, and that it is given back.
import { mkdirSync, mkdtempSync, readdirSync, rmSync, symlinkSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { findMemoryHome, releaseMemory } from '../embedded/memory.ts';
import { ownedName } from '../leftovers.ts';

/** No pid is as high as this. */
const KILLED = 'test-4194305-0a1b2c';

let memory: string;

beforeEach(() => {
  memory = mkdtempSync(path.join(os.tmpdir(), 'orderflow-memory-'));
});

afterEach(() => {
  rmSync(memory, { recursive: true, force: true });
});

describe('the folder in memory', () => {
  it('is freed of what killed runs left, and of a run that gives back what it holds', async () => {
    const home = (await findMemoryHome(0, memory)) ?? '';
    const run = ownedName('test');
    for (const name of [KILLED, run])
      mkdirSync(path.join(home, name, 'mariadb'), { recursive: true });
    expect(await findMemoryHome(0, memory)).toBe(home);
    expect(readdirSync(home)).toEqual([run]);
    releaseMemory(run, memory);
    expect(readdirSync(home)).toEqual([]);
  });

  it('is not used where there is none, or not enough room', async () => {
    expect(await findMemoryHome(0, path.join(memory, 'none'))).toBeUndefined();
    expect(await findMemoryHome(Infinity, memory)).toBeUndefined();
  });

  it('is not used where something else stands in its place', async () => {
    const home = (await findMemoryHome(0, memory)) ?? '';
    rmSync(home, { recursive: true });
    symlinkSync(os.tmpdir(), home);
    expect(await findMemoryHome(0, memory)).toBeUndefined();
  });
});
