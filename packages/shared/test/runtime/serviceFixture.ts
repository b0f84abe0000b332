// A service for the lifecycle's tests, run as a process: three parts, and faults on demand (FAULT).
import { z } from 'zod';
import { processSettings, readConfig } from '@orderflow/shared/runtime/config.ts';
import { failpoint } from '@orderflow/shared/runtime/failpoints.ts';
import { runService } from '@orderflow/shared/runtime/lifecycle.ts';

const settings = z.object({ ...processSettings(0), FAULT: z.string().default('') });

runService({
  name: 'fixture',
  readConfig: () => readConfig(settings, process.env),
  start: async ({ config, logger, onStop, fail }) => {
    const part = (name: string, stop: () => Promise<void>) => {
      onStop(name, async () => {
        await stop();
        logger.info({ part: name }, 'part stopped');
      });
    };
    part('database', () => Promise.resolve());
    if (config.FAULT === 'start') throw new Error('no database');
    part('consumer', () =>
      config.FAULT === 'stop' ? Promise.reject(new Error('stuck')) : Promise.resolve(),
    );
    // Long enough that a second signal arrives while it stops.
    part('http', () => new Promise((resolve) => setTimeout(resolve, 200)));
    if (config.FAULT === 'hang') part('hanging', () => new Promise(() => undefined));
    // Keeps the process alive, as a server would.
    setInterval(() => undefined, 1000);
    if (config.FAULT === 'uncaught')
      setImmediate(() => {
        throw new Error('a bug');
      });
    if (config.FAULT === 'unhandled') void Promise.reject(new Error('a forgotten promise'));
    // In a later turn: the log lines of a process's last turn are lost with it.
    if (config.FAULT === 'crash')
      setTimeout(() => {
        failpoint('relay.sent');
      }, 50);
    if (config.FAULT === 'fail') fail('no progress', new Error('lag'));
    return Promise.resolve();
  },
});
