// Ends a process group to its last member, also where the process that led it has ended before.
import { execFileSync } from 'node:child_process';
import { readFileSync, readdirSync } from 'node:fs';
import { setTimeout as wait } from 'node:timers/promises';
import { errorCode } from '../failure.ts';

const POLL_MS = 50;
/** SIGKILL cannot be refused, only delayed by the system; longer than this and it has to be said. */
const KILL_LIMIT_MS = 5_000;

/**
 * Ends a group that has members now: SIGTERM, and SIGKILL to whatever is left of it after graceMs (milliseconds).
 *
 * Why the number stays right once the leader is gone: the system gives no pid out anew while a group carries that
 * number, so as long as one member is left the group is the one that it was. Only when the last one
 * has ended could the number name strangers; they would have to get just this pid, of tens of thousands
 * that are given out in turn, and lead a group with it, all between two looks 50 ms apart.
 * @returns false when members are left: of an account that we may not signal, or stuck in the kernel
 */
export async function endGroup(groupId: number, graceMs: number): Promise<boolean> {
  if (signalGroup(groupId, 'SIGTERM') === 'denied') return !groupLives(groupId);
  if (await untilEmpty(groupId, graceMs)) return true;
  signalGroup(groupId, 'SIGKILL');
  return untilEmpty(groupId, KILL_LIMIT_MS);
}

/** Sends a signal to all members; "gone" when there are none, "denied" when none of them is ours to signal. */
export function signalGroup(
  groupId: number,
  signal: NodeJS.Signals | 0,
): 'sent' | 'gone' | 'denied' {
  try {
    process.kill(-groupId, signal);
    return 'sent';
  } catch (error) {
    // Ending before the signal comes is what was wanted, not a failure.
    if (errorCode(error) === 'ESRCH') return 'gone';
    if (errorCode(error) === 'EPERM') return 'denied';
    throw error;
  }
}

async function untilEmpty(groupId: number, limitMs: number): Promise<boolean> {
  const deadline = performance.now() + limitMs;
  while (groupLives(groupId)) {
    if (performance.now() > deadline) return false;
    await wait(POLL_MS);
  }
  return true;
}

/** A group of zombies alone counts as empty: in a container, nobody may ever wait for orphans. */
function groupLives(groupId: number): boolean {
  if (signalGroup(groupId, 0) === 'gone') return false;
  const lines = process.platform === 'linux' ? linuxProcesses() : portableProcesses();
  return lines.some(([state = '', group]) => group === String(groupId) && !/^[ZX]/.test(state));
}

/** State and group of each process, as /proc/PID/stat has them. */
function linuxProcesses(): (string | undefined)[][] {
  const pids = readdirSync('/proc').filter((name) => /^\d+$/.test(name));
  return pids.map((pid) => {
    try {
      const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
      const [state, , group] = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
      return [state, group];
    } catch {
      return []; // it ended meanwhile
    }
  });
}

function portableProcesses(): string[][] {
  const table = execFileSync('ps', ['-A', '-o', 'stat=,pgid='], { encoding: 'utf8' });
  return table.split('\n').map((line) => line.trim().split(/\s+/));
}
