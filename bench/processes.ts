// The processes that a contender consists of: started, waited for, ended.
import { setTimeout as wait } from 'node:timers/promises';
import { pathToFileURL } from 'node:url';
import path from 'node:path';
import { LaunchFailure } from '../local/failure.ts';
import { CHECKOUT } from '../local/places.ts';
import { startChild, stopChild, type ChildSpec } from '../local/process/child.ts';
import { httpAnswers } from '../local/process/probes.ts';
import type { Ground } from './ground.ts';

const READY_TIMEOUT_MS = 120_000;
const READY_POLL_MS = 100;
const STOP_GRACE_MS = 20_000;

/** A process that is measured. */
export interface MeasuredProcess {
  readonly name: string;
  readonly pid: number;
  /** It has the probe of probe/eventLoopDelay.ts. */
  readonly isProbed: boolean;
  readonly hasExited: () => boolean;
  readonly stop: () => Promise<void>;
}

/** Where the probes of a run write. */
export function probeDir(ground: Ground): string {
  return path.join(ground.places.runDir, 'probes');
}

/**
 * Starts a Node process with the probe; resolves when `readyUrl` answers 200, or at once without one. A LaunchFailure when
 * it never does.
 */
export async function startMeasured(
  spec: ChildSpec,
  readyUrl: string | undefined,
  ground: Ground,
): Promise<MeasuredProcess> {
  const probe = pathToFileURL(path.join(CHECKOUT, 'bench', 'probe', 'eventLoopDelay.ts')).href;
  const child = await startChild({
    ...spec,
    env: {
      ...spec.env,
      NODE_OPTIONS: `--import=${probe}`,
      BENCH_PROBE_DIR: probeDir(ground),
    },
  });
  const stop = async () => {
    await stopChild(child, STOP_GRACE_MS);
  };
  const deadline = performance.now() + READY_TIMEOUT_MS;
  while (readyUrl !== undefined && !(await httpAnswers(readyUrl).catch(() => false))) {
    if (child.hasExited() || performance.now() > deadline) {
      await stop();
      throw new LaunchFailure(
        `${spec.name} is not ready: ${child.hasExited() ? 'it ended' : 'its time is up'}`,
        'Its log says why.',
        spec.logFile,
      );
    }
    await wait(READY_POLL_MS);
  }
  return { name: spec.name, pid: child.pid, isProbed: true, hasExited: child.hasExited, stop };
}
