// What the processes and the servers have used at one moment, and the difference of two moments.
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { z } from 'zod';
import type { RunningContender } from '../contenders/contender.ts';
import { probeDir, type MeasuredProcess } from '../processes.ts';
import type { Ground } from '../ground.ts';
import type { ProcessFigures } from '../results.ts';
import { othersShare, readMachineUse, type MachineUse } from './machineUse.ts';
import { readProcessUse, type ProcessUse } from './processUse.ts';
import type { BatchCounter } from './recordBatches.ts';
import { readServerCounters, type ServerCounters } from './serverCounters.ts';

const PROBE_WAIT_MS = 300;
const probeReport = z.object({ p99Ms: z.number() });

/** One moment. */
export interface Usage {
  readonly processes: ReadonlyMap<number, ProcessUse>;
  readonly machine: MachineUse;
  readonly server: Promise<ServerCounters>;
  readonly batches: number;
}

/** Looks at everything at once, and asks the probes for what they saw since the look before. */
export function lookAtUsage(
  ground: Ground,
  contender: RunningContender,
  batches: BatchCounter | undefined,
): Usage {
  const pids = [...ground.serverPids, ...contender.processes].map(({ pid }) => pid);
  const processes = new Map(pids.map((pid) => [pid, readProcessUse(pid)]));
  for (const measured of contender.processes) askProbe(measured);
  const server = readServerCounters(ground.admin);
  server.catch(() => undefined); // looked at by whoever takes the difference
  const machine = readMachineUse();
  return { processes, machine, server, batches: batches?.count() ?? 0 };
}

function askProbe({ isProbed, hasExited, pid }: MeasuredProcess): void {
  if (isProbed && !hasExited()) process.kill(pid, 'SIGUSR2');
}

/** What was used between two moments, for each of `orders`; `loadMicroseconds` is the CPU of the load's process. */
export async function usageBetween(
  before: Usage,
  after: Usage,
  orders: number,
  ground: Ground,
  contender: RunningContender,
  loadMicroseconds = 0,
) {
  const perOrder = (amount: number) => (orders === 0 ? 0 : amount / orders);
  await wait(PROBE_WAIT_MS); // a busy process writes its report when its event loop gets to it
  const [first, last] = await Promise.all([before.server, after.server]);
  const named = [...contender.processes, ...ground.serverPids];
  const processes = named.map(({ name, pid }): ProcessFigures => {
    const none = { cpuMicroseconds: 0, rssMib: 0 };
    const [from, to] = [before.processes.get(pid) ?? none, after.processes.get(pid) ?? none];
    const eventLoopDelayP99Ms = readProbe(ground, pid);
    return {
      name,
      cpuMicrosecondsPerOrder: perOrder(to.cpuMicroseconds - from.cpuMicroseconds),
      rssMib: { before: from.rssMib, after: to.rssMib },
      ...(eventLoopDelayP99Ms === undefined ? {} : { eventLoopDelayP99Ms }),
    };
  });
  const own = named.reduce((sum, { pid }) => {
    const [from, to] = [before.processes.get(pid), after.processes.get(pid)];
    return sum + (to?.cpuMicroseconds ?? 0) - (from?.cpuMicroseconds ?? 0);
  }, loadMicroseconds);
  return {
    processes,
    othersCpuShare: othersShare(before.machine, after.machine, own),
    commitsPerOrder: perOrder(last.commits - first.commits),
    fsyncsPerOrder: perOrder(last.fsyncs - first.fsyncs),
    kafkaBatchesPerOrder: perOrder(after.batches - before.batches),
  };
}

function readProbe(ground: Ground, pid: number): number | undefined {
  try {
    const json = readFileSync(path.join(probeDir(ground), `${pid}.json`), 'utf8');
    return probeReport.parse(JSON.parse(json)).p99Ms;
  } catch {
    return undefined; // no process with a probe
  }
}
