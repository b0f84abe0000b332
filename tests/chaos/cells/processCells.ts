// Processes of ours and of others that are killed, halted, or started again at any moment.
import type { Kept } from '../stack/kept.ts';
import type { Replicated } from '../stack/services.ts';
import {
  CONSUMER_LIMIT_MS,
  KILL_RUNS,
  ONE_BROKER,
  OTHER_RUNS,
  RECOVERY_LIMIT_MS,
  repeatUnderLoad,
  SERVER_LIMIT_MS,
  untilServedBy,
  type Cell,
  type Ground,
} from './cell.ts';
import { sleep } from './sleep.ts';

type Find = (ground: Ground) => readonly Kept[];

const SERVICES: Readonly<Record<string, Find>> = {
  users: ({ stack }) => [stack.services.of.users],
  inventory: ({ stack }) => [stack.services.of.inventory],
  orders: ({ stack }) => [stack.services.of.orders],
  gateway: ({ stack }) => [stack.services.of.gateway],
  'inventory+orders': ({ stack }) => [stack.services.of.inventory, stack.services.of.orders],
};
const SERVERS: Readonly<Record<string, Find>> = {
  broker: ({ stack }) => stack.servers.brokers,
  database: ({ stack }) => [stack.servers.database],
  'broker+database': ({ stack }) => [...stack.servers.brokers, stack.servers.database],
};
/** A server that is down is missed for so long, in milliseconds. */
const DOWN_MS = [500, 6_000] as const;
/** Shorter and longer than a consumer's session of 6 s, and than every time-out of a client below 12 s. */
const HALT_MS = [1_000, 13_000] as const;

/** kill -9 of services: they are started again by who keeps them up, as with `npm start`. */
const killedServices = Object.entries(SERVICES).map(([name, find]): Cell => ({
  name: `kill:${name}`,
  ground: ONE_BROKER,
  matrixRuns: KILL_RUNS,
  limitMs: CONSUMER_LIMIT_MS,
  run: (ground, runs) =>
    repeatUnderLoad(ground, runs, async () => {
      await sleep(ground.random.integer(0, 1_000));
      const killedAt = performance.now();
      await Promise.all(find(ground).map((kept) => kept.kill()));
      return untilServedBy(name, ground.load, killedAt, `kill -9 of ${name}`);
    }),
}));

/** kill -9, or SIGTERM, of servers, which come back after a while; recovery is counted from when they answer again. */
const endedServers = (['kill', 'restart'] as const).flatMap((how) =>
  Object.entries(SERVERS).map(([name, find]): Cell => ({
    name: `${how}:${name}`,
    ground: ONE_BROKER,
    matrixRuns: how === 'kill' ? KILL_RUNS : OTHER_RUNS,
    limitMs: SERVER_LIMIT_MS,
    run: (ground, runs) =>
      repeatUnderLoad(ground, runs, async () => {
        const servers = find(ground);
        await Promise.all(
          servers.map((kept) => (how === 'kill' ? kept.killForNow() : kept.stop())),
        );
        await sleep(ground.random.integer(...DOWN_MS));
        await Promise.all(servers.map((kept) => kept.start()));
        return ground.load.untilFlowing(performance.now(), `${how} of ${name}`, RECOVERY_LIMIT_MS);
      }),
  })),
);

/** SIGSTOP and SIGCONT of servers: connections stay open, and nobody answers. */
const haltedServers = ['broker', 'database'].map((name): Cell => ({
  name: `halt:${name}`,
  ground: ONE_BROKER,
  matrixRuns: OTHER_RUNS,
  limitMs: SERVER_LIMIT_MS,
  run: (ground, runs) =>
    repeatUnderLoad(ground, runs, async () => {
      const servers = SERVERS[name]?.(ground) ?? [];
      for (const kept of servers) kept.halt();
      await sleep(ground.random.integer(...HALT_MS));
      for (const kept of servers) kept.goOn();
      return ground.load.untilFlowing(performance.now(), `halt of ${name}`, RECOVERY_LIMIT_MS);
    }),
}));

/**
 * An owner of partitions is halted for longer than its session, another replica takes them over, and the first one
 * wakes up in the middle of what it was doing, in the belief that all is still its own. Recovery is counted from the halt.
 */
const haltedOwners = (['inventory', 'orders'] as const).map((name: Replicated): Cell => ({
  name: `halt:${name}-of-two`,
  ground: ONE_BROKER,
  matrixRuns: OTHER_RUNS,
  limitMs: CONSUMER_LIMIT_MS,
  run: async (ground, runs) => {
    const { of, replicas } = ground.stack.services;
    const [first, second] = [of[name], replicas[name]];
    await second.start();
    await repeatUnderLoad(ground, runs, async (run) => {
      const halted = run % 2 === 0 ? first : second;
      const haltedAt = performance.now();
      halted.halt();
      // Watched while it is halted: the other one must take over, with or without it.
      const flowing = ground.load.untilFlowing(haltedAt, `halt of ${name}`, RECOVERY_LIMIT_MS);
      await sleep(ground.random.integer(7_000, 12_000));
      halted.goOn();
      return flowing;
    });
    await second.stop();
  },
}));

export const processCells: readonly Cell[] = [
  ...haltedOwners,
  ...haltedServers,
  ...killedServices,
  ...endedServers,
];
