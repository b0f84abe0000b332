// Two replicas of inventory and of orders whose group is dealt out anew every few seconds; and services that disagree about the time.
import { pathToFileURL } from 'node:url';
import path from 'node:path';
import { SERVICE_NAMES } from '../../../local/services.ts';
import {
  CONSUMER_LIMIT_MS,
  ONE_BROKER,
  OTHER_RUNS,
  RECOVERY_LIMIT_MS,
  repeatUnderLoad,
  type Cell,
} from './cell.ts';
import { sleep } from './sleep.ts';

const MOVES_PER_RUN = 4;
const HOUR_MS = 3_600_000;
const MOST_HOURS_OFF = 30;
const SHIFT_CLOCK = pathToFileURL(path.join(import.meta.dirname, '..', 'shiftClock.ts')).href;

/**
 * Replicas come and go, in order or by kill -9; each time the partitions are dealt out anew. Recovery is counted from each
 * of these moves; a run's is the longest.
 */
const rebalances: Cell = {
  name: 'rebalances',
  ground: ONE_BROKER,
  matrixRuns: OTHER_RUNS,
  limitMs: CONSUMER_LIMIT_MS,
  run: async (ground, runs) => {
    const { replicas } = ground.stack.services;
    const both = [replicas.inventory, replicas.orders];
    await repeatUnderLoad(ground, runs, async () => {
      const flowing: Promise<number>[] = [];
      for (let move = 0; move < MOVES_PER_RUN; move += 1) {
        const replica = ground.random.pick(both);
        const movedAt = performance.now();
        flowing.push(ground.load.untilFlowing(movedAt, 'rebalances', RECOVERY_LIMIT_MS));
        if (!replica.isUp()) await replica.start();
        else if (ground.random.integer(0, 1) === 0) await replica.stop();
        else await replica.killForNow();
        await sleep(ground.random.integer(1_000, 4_000));
      }
      return Math.max(...(await Promise.all(flowing)));
    });
    await Promise.all(both.map((replica) => replica.stop()));
  },
};

/** All four are started again, each with a clock that is hours off, in either direction, from one run to the next. */
const clocks: Cell = {
  name: 'clocks',
  ground: ONE_BROKER,
  matrixRuns: OTHER_RUNS,
  limitMs: CONSUMER_LIMIT_MS,
  run: async (ground, runs) => {
    const { services } = ground.stack;
    await repeatUnderLoad(ground, runs, async () => {
      for (const name of SERVICE_NAMES) {
        const hours = ground.random.integer(-MOST_HOURS_OFF, MOST_HOURS_OFF);
        const NODE_OPTIONS = `--import=${SHIFT_CLOCK}?offsetMs=${hours * HOUR_MS}`;
        services.tell(name, () => ({ NODE_OPTIONS }));
        await services.of[name].kill();
      }
      const what = 'the clocks were set';
      return ground.load.untilFlowing(performance.now(), what, RECOVERY_LIMIT_MS);
    });
    for (const name of SERVICE_NAMES) services.tell(name, undefined);
    await Promise.all(SERVICE_NAMES.map((name) => services.of[name].kill()));
  },
};

export const replicaCells: readonly Cell[] = [rebalances, clocks];
