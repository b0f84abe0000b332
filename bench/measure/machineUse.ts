// CPU of the whole machine, as the kernel counts it: what others take of it while something is measured.
import { readFileSync } from 'node:fs';
import os from 'node:os';

/** Linux counts in ticks of 10 ms, whatever its own timer does (USER_HZ). */
const MICROSECONDS_PER_TICK = 10_000;

/** At one moment. */
export interface MachineUse {
  /** Of all processors since the machine started; what the hypervisor gave to others counts as busy. */
  readonly busyMicroseconds: number;
  readonly atMs: number;
}

/** Reads it. */
export function readMachineUse(): MachineUse {
  // After the name: user, nice, system, idle, iowait, irq, softirq, steal, see proc(5).
  const [line = ''] = readFileSync('/proc/stat', 'latin1').split('\n');
  const [user = 0, nice = 0, system = 0, , , irq = 0, softirq = 0, steal = 0] = line
    .split(/\s+/)
    .slice(1)
    .map(Number);
  const ticks = user + nice + system + irq + softirq + steal;
  return { busyMicroseconds: ticks * MICROSECONDS_PER_TICK, atMs: performance.now() };
}

/** The share of the machine, 0 to 1, that was busy between two moments with anything but `ownMicroseconds`. */
export function othersShare(from: MachineUse, to: MachineUse, ownMicroseconds: number): number {
  const busy = to.busyMicroseconds - from.busyMicroseconds - ownMicroseconds;
  const whole = (to.atMs - from.atMs) * 1_000 * os.cpus().length;
  return whole === 0 ? 0 : Math.max(0, busy / whole);
}
