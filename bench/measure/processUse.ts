// CPU and memory of processes, as the kernel counts them.
import { readFileSync } from 'node:fs';

/** Linux counts CPU time for user programs in ticks of 10 ms, whatever its own timer does (USER_HZ). */
const MICROSECONDS_PER_TICK = 10_000;
const BYTES_PER_PAGE = 4_096;
const BYTES_PER_MIB = 1024 * 1024;

/** What a process has used so far. */
export interface ProcessUse {
  readonly cpuMicroseconds: number;
  readonly rssMib: number;
}

/** Reads it; zeros for a process that is gone. */
export function readProcessUse(pid: number): ProcessUse {
  let stat: string;
  try {
    stat = readFileSync(`/proc/${pid}/stat`, 'latin1');
  } catch {
    return { cpuMicroseconds: 0, rssMib: 0 };
  }
  // After the name, which may hold blanks: state is field 3 of proc(5), utime 14, stime 15, rss (pages) 24.
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  const field = (number: number) => Number(fields[number - 3]);
  return {
    cpuMicroseconds: (field(14) + field(15)) * MICROSECONDS_PER_TICK,
    rssMib: (field(24) * BYTES_PER_PAGE) / BYTES_PER_MIB,
  };
}
