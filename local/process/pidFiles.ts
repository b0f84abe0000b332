// Pid files: one for each process that a launcher started, so that whoever comes next finds and ends what a killed launcher left behind.
import { linkSync, mkdirSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { errorCode } from '../failure.ts';
import { identify, isRunning, type ProcessIdentity } from './identity.ts';

/** The order in which processes end: who needs another ends before it. */
export const STOP_RANK = {
  gateway: 0,
  orders: 1,
  inventory: 2,
  users: 3,
  kafka: 4,
  database: 5,
} as const;

/** A process on record. */
export interface RecordedProcess extends ProcessIdentity {
  readonly name: string;
  /** Lower ranks end first, see STOP_RANK. */
  readonly stopRank: number;
}

const LOCK_FILE = 'launcher.lock';

/** Puts a process that was just started on record; nothing is written if it is gone already. */
export function recordProcess(
  runDir: string,
  entry: { pid: number; name: string; stopRank: number },
): void {
  const identity = identify(entry.pid);
  if (identity === undefined) return;
  mkdirSync(runDir, { recursive: true });
  writeFileSync(fileOf(runDir, entry.name), JSON.stringify({ ...entry, ...identity }));
}

/** Takes a process off the record once it has ended; does nothing if the name stands for a newer process by now. */
export function forgetProcess(runDir: string, name: string, pid: number): void {
  if (readRecord(fileOf(runDir, name))?.pid === pid) rmSync(fileOf(runDir, name), { force: true });
}

/** The recorded processes that still run, and are still themselves; records of others are deleted. */
export function runningProcesses(runDir: string): RecordedProcess[] {
  const running: RecordedProcess[] = [];
  for (const file of listRecords(runDir)) {
    const record = readRecord(file);
    if (record !== undefined && isRunning(record)) running.push(record);
    else rmSync(file, { force: true });
  }
  return running.sort((a, b) => a.stopRank - b.stopRank);
}

/**
 * Ends the recorded processes, rank by rank: SIGTERM, and SIGKILL after graceMs (milliseconds) for each rank.
 * @returns those it found running
 */
export async function endRecordedProcesses(
  runDir: string,
  graceMs: number,
): Promise<RecordedProcess[]> {
  const found = runningProcesses(runDir);
  for (const rank of new Set(found.map((entry) => entry.stopRank))) {
    const ranked = found.filter((entry) => entry.stopRank === rank);
    await endAll(ranked, graceMs);
    for (const entry of ranked) forgetProcess(runDir, entry.name, entry.pid);
  }
  return found;
}

/**
 * Makes the calling process the only launcher of this folder until it ends, however it ends.
 * @returns undefined when it is, or the pid of the launcher that is there already
 */
export function takeLauncherLock(runDir: string): number | undefined {
  mkdirSync(runDir, { recursive: true });
  const file = path.join(runDir, LOCK_FILE);
  const draft = `${file}.${process.pid}`;
  const own = { ...identify(process.pid), name: 'launcher', stopRank: 0 };
  writeFileSync(draft, JSON.stringify(own));
  try {
    for (;;) {
      // Of two launchers that start at the same moment, the file system lets one make the link; and the
      // file is whole from its first moment, so that the other cannot take it for a broken one.
      if (linkIfAbsent(draft, file)) return undefined;
      const holder = readRecord(file);
      if (holder !== undefined && isRunning(holder)) return holder.pid;
      rmSync(file, { force: true });
    }
  } finally {
    rmSync(draft, { force: true });
  }
}

/** Gives the launcher's lock back. */
export function releaseLauncherLock(runDir: string): void {
  const file = path.join(runDir, LOCK_FILE);
  if (readRecord(file)?.pid === process.pid) rmSync(file, { force: true });
}

function linkIfAbsent(draft: string, file: string): boolean {
  try {
    linkSync(draft, file);
    return true;
  } catch (error) {
    if (errorCode(error) === 'EEXIST') return false;
    throw error;
  }
}

async function endAll(entries: readonly RecordedProcess[], graceMs: number): Promise<void> {
  signalAll(entries, 'SIGTERM');
  const deadline = performance.now() + graceMs;
  while (entries.some(isRunning) && performance.now() < deadline) await wait(50);
  signalAll(entries, 'SIGKILL');
  while (entries.some(isRunning)) await wait(20);
}

function signalAll(entries: readonly RecordedProcess[], signal: NodeJS.Signals): void {
  for (const entry of entries) {
    // Looked at once more: between the listing and now the pid may have gone to somebody else's process.
    if (!isRunning(entry)) continue;
    try {
      // With the minus: the whole process group, which each of our children leads.
      process.kill(-entry.pid, signal);
    } catch {
      // It ended in between, which is what was wanted.
    }
  }
}

function fileOf(runDir: string, name: string): string {
  return path.join(runDir, `${name}.pid.json`);
}

function listRecords(runDir: string): string[] {
  try {
    return readdirSync(runDir)
      .filter((name) => name.endsWith('.pid.json'))
      .map((name) => path.join(runDir, name));
  } catch {
    return [];
  }
}

function readRecord(file: string): RecordedProcess | undefined {
  try {
    const value = JSON.parse(readFileSync(file, 'utf8')) as Partial<RecordedProcess>;
    const { pid, startedAt, name, stopRank } = value;
    if (!Number.isInteger(pid) || pid === undefined || pid < 2) return undefined;
    if (typeof startedAt !== 'string' || typeof name !== 'string') return undefined;
    return { pid, startedAt, name, stopRank: typeof stopRank === 'number' ? stopRank : 0 };
  } catch {
    return undefined; // Half-written when the launcher was killed, or gone: no record.
  }
}
