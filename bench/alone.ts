// Orderflow alone on servers of its own, for what is no comparison: profile, trace, scale.
import { onStopRequest } from '../local/process/stopRequest.ts';
import { createReport, describeFailure, type Report } from '../local/report.ts';
import { readSettings } from '../local/settings.ts';
import { createShutdown } from '../local/shutdown.ts';
import {
  orderflow,
  startOrderflow,
  type OrderflowOptions,
  type RunningOrderflow,
} from './contenders/orderflow/orderflow.ts';
import { startGround, type Ground } from './ground.ts';
import type { Subject } from './measure/measureRun.ts';
import { createStage, type OnStage } from './stage.ts';

const INTERRUPTED = 130;

/** What such a measurement works with. */
export interface Alone {
  readonly ground: Ground;
  readonly onStage: OnStage;
  readonly report: Report;
}

/** Brings up the servers, measures, and ends everything; the process's exit code is 1 when something failed. */
export async function runAlone(measure: (alone: Alone) => Promise<void>): Promise<void> {
  const report = createReport(process.stdout);
  const shutdown = createShutdown(report);
  onStopRequest(() => {
    if (!shutdown.hasBegun()) void shutdown.run().then(() => process.exit(INTERRUPTED));
  });
  try {
    const ground = await startGround(readSettings(), report, shutdown);
    await measure({ ground, onStage: createStage(ground, report, shutdown), report });
    await shutdown.run();
  } catch (error) {
    // While everything is being ended, what was still running fails, and that is nobody's fault.
    if (shutdown.hasBegun()) return;
    report.print(describeFailure(error));
    await shutdown.run();
    process.exitCode = 1;
  }
}

/** Starts Orderflow on the stage with its usual pool, does something with it, and ends it. */
export function withOrderflow<Result>(
  { onStage }: Alone,
  userCount: number,
  options: OrderflowOptions,
  act: (subject: Subject, running: RunningOrderflow) => Promise<Result>,
): Promise<Result> {
  let started: RunningOrderflow | undefined;
  const contender = {
    ...orderflow,
    start: async (on: Ground, size: number) => {
      started = await startOrderflow(on, size, options);
      return started;
    },
  };
  return onStage(contender, orderflow.usualPoolSize, userCount, (subject) => {
    if (started === undefined) throw new Error('Orderflow was not started');
    return act(subject, started);
  });
}
