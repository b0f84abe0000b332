// Tells whether a pid is still the process it was: pids are given out again, so a number alone never proves anything.
import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';

/** A process, by its pid and the moment it started; the moment is a token to compare, not a time to read. */
export interface ProcessIdentity {
  readonly pid: number;
  readonly startedAt: string;
}

/** The identity of a running process; undefined when there is none of that pid, or only a zombie that nobody has waited for. */
export function identify(pid: number): ProcessIdentity | undefined {
  const startedAt = process.platform === 'linux' ? linuxStart(pid) : portableStart(pid);
  return startedAt === undefined ? undefined : { pid, startedAt };
}

/** True while this very process runs, and false when its pid went to another one meanwhile. */
export function isRunning(identity: ProcessIdentity): boolean {
  return identify(identity.pid)?.startedAt === identity.startedAt;
}

/** The start token out of /proc/PID/stat and the boot's id; undefined for a zombie or a text that is not such a line. */
export function parseLinuxStart(stat: string, bootId: string): string | undefined {
  // The second field is the program's name in brackets and may hold blanks and brackets itself: count from the last one.
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  const [state, startTicks] = [fields[0], fields[19]];
  if (startTicks === undefined || state === 'Z' || state === 'X') return undefined;
  // Ticks count from the boot, so without its id a pid file of before a reboot could match.
  return `${bootId.trim()}/${startTicks}`;
}

function linuxStart(pid: number): string | undefined {
  try {
    const bootId = readFileSync('/proc/sys/kernel/random/boot_id', 'utf8');
    return parseLinuxStart(readFileSync(`/proc/${pid}/stat`, 'utf8'), bootId);
  } catch {
    return undefined;
  }
}

function portableStart(pid: number): string | undefined {
  try {
    const line = execFileSync('ps', ['-o', 'stat=,lstart=', '-p', String(pid)], {
      encoding: 'utf8',
      stdio: ['ignore', 'pipe', 'ignore'],
      env: { ...process.env, LC_ALL: 'C' },
    }).trim();
    const [, state, started] = /^(\S+)\s+(.+)$/.exec(line) ?? [];
    return state === undefined || state.startsWith('Z') ? undefined : started;
  } catch {
    return undefined;
  }
}
