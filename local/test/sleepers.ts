// Processes for tests of the launcher: each leads a group of its own and does nothing until it is ended.
import { spawn, type ChildProcess } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { eventually } from '@orderflow/shared/testing/eventually.ts';

const started: ChildProcess[] = [];

/** Starts Node with a program text; `ended` gives the signal or the code that it ended with. */
export function startSleeper(source = 'setInterval(() => {}, 1000)'): {
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

/** Ends all that were started, for afterEach. */
export function endSleepers(): void {
  for (const child of started.splice(0)) child.kill('SIGKILL');
}

/** A program that ignores SIGTERM for a minute and, once it does, writes its pid into the folder. */
export function sourceOfStubborn(dir: string): string {
  return `process.on('SIGTERM', () => {}); setTimeout(() => {}, 60_000);
    require('fs').writeFileSync(${JSON.stringify(pidFile(dir))}, process.pid + '\\n');`;
}

/** A program that ends on SIGTERM, with a child in its group that does not. */
export function sourceOfStubbornFamily(dir: string): string {
  return `setInterval(() => {}, 1000);
    require('child_process').spawn(process.execPath, ['-e', ${JSON.stringify(sourceOfStubborn(dir))}]);`;
}

/** The pid that the stubborn program wrote, as soon as it has. */
export function pidWrittenIn(dir: string): Promise<number> {
  return eventually(() => {
    const text = existsSync(pidFile(dir)) ? readFileSync(pidFile(dir), 'utf8') : '';
    if (!text.endsWith('\n')) throw new Error('no pid yet');
    return Number(text);
  }, 'the stubborn process runs');
}

function pidFile(dir: string): string {
  return path.join(dir, 'stubborn');
}
