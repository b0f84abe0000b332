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
    const starting = contender.start(ground, poolSize);
    let closing: Promise<void> | undefined;
    // Once, whoever asks first. A shutdown that comes while it is starting, or being closed already, waits for that too:
    // else this process would end before it, and leave some of its processes behind.
    const close = () =>
      (closing ??= starting.then(
        (running) => running.close(),
        () => undefined,
      ));
    clear = close;
    try {
      const running = await starting;
      const userIds = await running.seedUsers(userCount);
      report.step(
        'bench',
        `${titleOf(contender.name, contender.variant)}, pool of ${poolSize}, ${userCount} users`,
      );
      return await act({ contender, running, userIds });
    } finally {
      await close();
      clear = () => Promise.resolve();
    }
  };
}
