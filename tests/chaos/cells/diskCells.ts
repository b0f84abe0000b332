// Disks that are full, and a disk that is slow because somebody else writes to it all the time.
import { rmSync } from 'node:fs';
import path from 'node:path';
import { Worker } from 'node:worker_threads';
import { findLodging } from '../../../local/embedded/account.ts';
import {
  ONE_BROKER,
  OTHER_RUNS,
  RECOVERY_LIMIT_MS,
  repeatUnderLoad,
  SERVER_LIMIT_MS,
  SMALL_DISKS,
  type Cell,
} from './cell.ts';
import { sleep } from './sleep.ts';

const BUSY_MS = [4_000, 9_000] as const;
const FULL_MS = [2_000, 8_000] as const;
const WRITERS = 3;
const WRITER = new URL('diskWriter.ts', import.meta.url);

/**
 * When there is room again the broker, which has ended by itself, is started by who keeps it up. MariaDB 11.4 stays up and does
 * not go on: a COMMIT that had met the full disk was seen to wait for two minutes more. So it is killed here, as somebody who
 * looks after it would do, and the time is counted from when both answer.
 */
const fullDisks = (['database', 'broker'] as const).map((name): Cell => ({
  name: `full-disk:${name}`,
  ground: SMALL_DISKS,
  matrixRuns: OTHER_RUNS,
  limitMs: SERVER_LIMIT_MS,
  run: (ground, runs) =>
    repeatUnderLoad(ground, runs, async () => {
      const disk = ground.stack.servers.disks?.[name];
      disk?.fill();
      await sleep(ground.random.integer(...FULL_MS));
      disk?.free();
      const { database, brokers } = ground.stack.servers;
      if (name === 'database') await database.killForNow();
      await Promise.all([database, ...brokers].map((server) => server.start()));
      const what = `the disk of the ${name} was full`;
      return ground.load.untilFlowing(performance.now(), what, RECOVERY_LIMIT_MS);
    }),
}));

/** Threads that write to the servers' own disk and wait for it, as fast as it lets them. */
const slowDisk: Cell = {
  name: 'slow-disk',
  ground: ONE_BROKER,
  matrixRuns: OTHER_RUNS,
  limitMs: SERVER_LIMIT_MS,
  run: (ground, runs) =>
    repeatUnderLoad(ground, runs, async () => {
      const files = Array.from({ length: WRITERS }, (_, index) =>
        path.join(findLodging().home, `busy-${process.pid}-${index}`),
      );
      const writers = files.map((file) => new Worker(WRITER, { workerData: file }));
      await sleep(ground.random.integer(...BUSY_MS));
      await Promise.all(writers.map((writer) => writer.terminate()));
      for (const file of files) rmSync(file, { force: true });
      return ground.load.untilFlowing(performance.now(), 'the slow disk', RECOVERY_LIMIT_MS);
    }),
};

export const diskCells: readonly Cell[] = [...fullDisks, slowDisk];
