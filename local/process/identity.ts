// Tells whether a pid is still the process it was: pids are given out again, so a number alone never proves anything.
import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { errorCode } from '../failure.ts';

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

/** The identity of the calling process; throws where the system does not tell it. */
export function identifySelf(): ProcessIdentity {
  const self = identify(process.pid);
  if (self === undefined)
    throw new Error(`the system does not tell when process ${process.pid} started`);
  return self;
}

/** Parses an identity that was written as JSON; undefined for anything else. */
export function parseIdentity(value: unknown): ProcessIdentity | undefined {
  const { pid, startedAt } = (value ?? {}) as Partial<ProcessIdentity>;
  // Pid 1 and below would reach init, or every process there is.
  if (typeof pid !== 'number' || !Number.isInteger(pid) || pid < 2) return undefined;
  return typeof startedAt === 'string' ? { pid, startedAt } : undefined;
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
  } catch (error) {
    // Gone before the file was opened, or between that and the reading of it.
    if (['ENOENT', 'ESRCH'].includes(errorCode(error) ?? '')) return undefined;
    // Any other failure, such as too many open files, says nothing about that process. Were it taken
    // for gone, a lock could be taken from a launcher that lives.
    throw error;
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
