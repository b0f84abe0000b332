// The four ways between services and servers: replies lost on them, bytes late, nothing coming through.
import type { ProxyFault } from '../proxy.ts';
import type { Random } from '../random.ts';
import { EDGES } from '../stack/edges.ts';
import {
  ONE_BROKER,
  OTHER_RUNS,
  RECOVERY_LIMIT_MS,
  repeatUnderLoad,
  SERVER_LIMIT_MS,
  type Cell,
} from './cell.ts';
import { sleep } from './sleep.ts';

/** What is done, and for how many milliseconds. */
const FAULTS: readonly {
  readonly name: string;
  readonly fault: (random: Random) => ProxyFault;
  readonly lastsMs: readonly [number, number];
}[] = [
  {
    name: 'lost-replies',
    fault: (random) => ({ kind: 'lose-replies', cutAfterMs: random.integer(0, 300) }),
    lastsMs: [50, 4_000],
  },
  {
    name: 'late',
    fault: (random) => ({ kind: 'delay', delayMs: random.integer(50, 400) }),
    lastsMs: [3_000, 8_000],
  },
  { name: 'frozen', fault: () => ({ kind: 'freeze' }), lastsMs: [1_000, 13_000] },
];

export const edgeCells: readonly Cell[] = FAULTS.flatMap(({ name, fault, lastsMs }) =>
  EDGES.map((edge) => ({
    name: `${name}:${edge}`,
    ground: ONE_BROKER,
    matrixRuns: OTHER_RUNS,
    limitMs: SERVER_LIMIT_MS,
    run: (ground, runs) =>
      repeatUnderLoad(ground, runs, async () => {
        const { stack, random, load } = ground;
        stack.disturb(edge, fault(random));
        await sleep(random.integer(...lastsMs));
        stack.disturb(edge, { kind: 'none' });
        return load.untilFlowing(performance.now(), `${name} on ${edge}`, RECOVERY_LIMIT_MS);
      }),
  })),
);
