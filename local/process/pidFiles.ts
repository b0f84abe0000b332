// Pid files: one for each process that a launcher started, so that whoever comes next finds and ends what a killed launcher left behind.
import { mkdirSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { LaunchFailure } from '../failure.ts';
import {
  identify,
  identifySelf,
  isRunning,
  parseIdentity,
  type ProcessIdentity,
} from './identity.ts';
import { endGroup } from './processGroup.ts';

/** The order in which processes end: who needs another ends before it. */
export const STOP_RANK = {
  gateway: 0,
  orders: 1,
  inventory: 2,
  users: 3,
  kafka: 4,
  database: 5,
  containers: 6,
} as const;

/** A process on record. */
export interface RecordedProcess extends ProcessIdentity {
  readonly name: string;
  /** Lower ranks end first, see STOP_RANK. */
  readonly stopRank: number;
  /** Who started it; undefined in a record that does not tell. */
  readonly launcher: ProcessIdentity | undefined;
}

/**
 * Puts a process that the caller just started on record; nothing is written if it is gone already.
 * Only the launcher that a folder belongs to writes and removes records there.
 */
export function recordProcess(
  runDir: string,
  entry: { pid: number; name: string; stopRank: number },
): void {
  const identity = identify(entry.pid);
  if (identity === undefined) return;
  mkdirSync(runDir, { recursive: true });
  const record = { ...entry, ...identity, launcher: identifySelf() };
  writeFileSync(fileOf(runDir, entry.name), JSON.stringify(record));
}

/** Takes a process off the record once it has ended; does nothing if the name stands for a newer process by now. */
export function forgetProcess(runDir: string, name: string, pid: number): void {
  if (readRecord(fileOf(runDir, name))?.pid === pid) rmSync(fileOf(runDir, name), { force: true });
}

/** The recorded processes that still run, and are still themselves, in the order in which they may end. */
export function runningProcesses(runDir: string): RecordedProcess[] {
  return listRecords(runDir)
    .map(readRecord)
    .filter((record) => record !== undefined)
    .filter(isRunning)
    .sort((a, b) => a.stopRank - b.stopRank);
}

/**
 * Ends whatever is on record and clears the record, for the launcher that the folder belongs to now: rank by rank,
 * SIGTERM, and SIGKILL after graceMs (milliseconds) for each rank.
 * @returns those it found running; rejects with a LaunchFailure that names those it cannot end
 */
export async function endRecordedProcesses(
  runDir: string,
  graceMs: number,
): Promise<RecordedProcess[]> {
  const found = runningProcesses(runDir);
  await endInOrder(found, graceMs);
  for (const file of listRecords(runDir)) rmSync(file, { force: true });
  return found;
}

/**
 * Ends what one launcher put on record, like endRecordedProcesses, and nothing of any other launcher.
 *
 * The race it defends against: a warden may notice late that its launcher is gone, when the next one runs in the same
 * folder. For the same reason it removes no record: between its look at a file and the removal, the next
 * launcher may have written its own under that name.
 */
export async function endProcessesOf(
  launcher: ProcessIdentity,
  runDir: string,
  graceMs: number,
): Promise<void> {
  const own = runningProcesses(runDir).filter(
    (record) =>
      record.launcher?.pid === launcher.pid && record.launcher.startedAt === launcher.startedAt,
  );
  await endInOrder(own, graceMs);
}

async function endInOrder(entries: readonly RecordedProcess[], graceMs: number): Promise<void> {
  const left: RecordedProcess[] = [];
  for (const rank of new Set(entries.map((entry) => entry.stopRank))) {
    const ranked = entries.filter((entry) => entry.stopRank === rank);
    await Promise.all(
      ranked.map(async (entry) => {
        // Looked at once more: while the ranks before it ended, the pid may have gone to somebody else's process.
        if (!isRunning(entry)) return;
        // Every process on record leads a group of its own.
        if (!(await endGroup(entry.pid, graceMs))) left.push(entry);
      }),
    );
  }
  if (left.length === 0) return;
  const pids = left.map((entry) => entry.pid).join(' ');
  throw new LaunchFailure(
    `What an earlier launcher left behind cannot be ended: ${left.map(describe).join(', ')}`,
    `Most likely another account started it. End it as that account (as root: kill -9 ${pids}), then start again.`,
  );
}

function describe(entry: RecordedProcess): string {
  return `${entry.name} (pid ${entry.pid})`;
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
    const identity = parseIdentity(value);
    const { name, stopRank = 0 } = value;
    if (identity === undefined || typeof name !== 'string') return undefined;
    return { ...identity, name, stopRank, launcher: parseIdentity(value.launcher) };
  } catch {
    return undefined; // Half-written when the launcher was killed, or gone: no record.
  }
}
