// Runs cells one after the other, on a stack that is made new when its ground changes, when it has grown old, or after a breach.
import { loadavg } from 'node:os';
import type { Cell } from './cells/cell.ts';
import { commitOfTree } from './commitOfTree.ts';
import { createRandom } from './random.ts';
import type { Result } from './results.ts';
import { startChaosStack, type ChaosStack } from './stack/chaosStack.ts';
import type { ServersKind } from './stack/servers.ts';

/** The whole log is judged after each cell, so it must not grow for ever. */
const STACK_LIMIT_MS = 8 * 60_000;

/** Some runs of a cell under a seed of their own. */
export interface Part {
  readonly cell: Cell;
  readonly runs: number;
  readonly seed: number;
}

/** Runs parts; one at a time. */
export interface CellRunner {
  /** Never throws: what goes wrong is a breach. */
  readonly run: (part: Part) => Promise<Result>;
  readonly close: () => Promise<void>;
}

type Found = Pick<Result, 'runs' | 'breaches' | 'recoveriesMs' | 'orders'>;

interface Standing {
  readonly stack: ChaosStack;
  readonly ground: ServersKind;
  readonly startedAt: number;
  orders: number;
}

/** Makes the runner; it starts a stack with the first part. */
export function createCellRunner(tell: (line: string) => void): CellRunner {
  const commit = commitOfTree();
  let standing: Standing | undefined;

  async function close(keepLogsAs?: string): Promise<void> {
    const closed = standing;
    standing = undefined;
    await closed?.stack.close(keepLogsAs);
  }

  async function stackFor(ground: ServersKind): Promise<Standing> {
    const isOld = standing !== undefined && performance.now() - standing.startedAt > STACK_LIMIT_MS;
    if (standing?.ground !== ground || isOld) await close();
    standing ??= {
      ...{ ground, orders: 0, startedAt: performance.now() },
      stack: await startChaosStack(ground),
    };
    return standing;
  }

  return {
    run: async (part) => {
      const { cell, seed } = part;
      const base = { at: new Date().toISOString(), commit, cell: cell.name, seed };
      let found: Found;
      try {
        const ready = await stackFor(cell.ground);
        found = await runPart(ready, part);
        ready.orders += found.orders;
      } catch (error) {
        // No stack, or one that cannot be judged any more.
        found = { runs: 1, breaches: [messageOf(error)], recoveriesMs: [], orders: 0 };
      }
      if (found.breaches.length > 0) {
        const logs = `chaos-${cell.name.replace(/\W/g, '-')}-${seed}`;
        tell(`  a breach: the logs are kept in .orderflow/${logs}`);
        await close(logs).catch((error: unknown) => {
          tell(`  the stack did not end well: ${String(error)}`);
        });
      }
      return { ...base, ...found, loadAverage: loadavg()[0] ?? 0 };
    },
    close: () => close(),
  };
}

async function runPart({ stack, orders }: Standing, part: Part): Promise<Found> {
  const { cell, runs, seed } = part;
  const random = createRandom(seed);
  const load = await stack.startLoad(createRandom(seed + 1));
  const breaches: string[] = [];
  const recoveriesMs: number[] = [];
  const recovered = (recoveryMs: number) => void recoveriesMs.push(recoveryMs);
  try {
    await cell.run({ stack, load, random, recovered }, runs);
  } catch (error) {
    breaches.push(messageOf(error));
  }
  await load.stop();
  const verdict = await stack.verify();
  return {
    // The one that did not end well is a run, too.
    runs: recoveriesMs.length + breaches.length,
    ...{ recoveriesMs, orders: verdict.orders - orders },
    breaches: [...breaches, ...verdict.breaches],
  };
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
