// The one contender that runs at a time.
import type { Report } from '../local/report.ts';
import type { Shutdown } from '../local/shutdown.ts';
import type { Contender } from './contenders/contender.ts';
import { titleOf } from './contenders/contenders.ts';
import type { Ground } from './ground.ts';
import type { Subject } from './measure/measureRun.ts';
import { killLoads } from './measure/startLoad.ts';

/** Starts a contender with users, does something with it, and ends it. */
export type OnStage = <Result>(
  contender: Contender,
  poolSize: number,
  userCount: number,
  act: (subject: Subject) => Promise<Result>,
) => Promise<Result>;

/** Makes the stage. Whoever is on it when everything is shut down is ended first. */
export function createStage(ground: Ground, report: Report, shutdown: Shutdown): OnStage {
  let clear = () => Promise.resolve();
  shutdown.add('gateway', async () => {
    killLoads();
    await clear();
  });
  return async (contender, poolSize, userCount, act) => {
    const running = await contender.start(ground, poolSize);
    clear = running.close;
    try {
      const userIds = await running.seedUsers(userCount);
      report.step(
        'bench',
        `${titleOf(contender.name, contender.variant)}, pool of ${poolSize}, ${userCount} users`,
      );
      return await act({ contender, running, userIds });
    } finally {
      clear = () => Promise.resolve();
      if (!shutdown.hasBegun()) await running.close();
    }
  };
}
