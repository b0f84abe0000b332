// What a cell of the matrix is: one kind of fault, what ground it needs, and how often it is to be tried.
import type { Arrivals } from '../arrivals.ts';
import type { Random } from '../random.ts';
import type { ChaosStack } from '../stack/chaosStack.ts';
import type { ServersKind } from '../stack/servers.ts';

/** How long orders may take to flow again before a run counts as never recovered. */
export const RECOVERY_LIMIT_MS = 120_000;
/** Orders that are confirmed between two faults. */
const ORDERS_BETWEEN_FAULTS = 60;

/** What a run of a cell works with. */
export interface Ground {
  readonly stack: ChaosStack;
  readonly load: Arrivals;
  readonly random: Random;
  /** Notes that a run has ended well, and after how many milliseconds orders flowed again. */
  readonly recovered: (recoveryMs: number) => void;
}

/** One kind of fault. */
export interface Cell {
  readonly name: string;
  readonly ground: ServersKind;
  /** Runs in the whole matrix. */
  readonly matrixRuns: number;
  /** Orders of every product (of the users service: of somebody new) should flow again after so long. */
  readonly limitMs: number;
  /** Tries the fault `runs` times while orders flow. Throws when they do not flow again. */
  readonly run: (ground: Ground, runs: number) => Promise<void>;
}

export const KILL_RUNS = 20;
export const OTHER_RUNS = 5;
/** After a broker or database is back; after a killed consumer, whose group waits out its session. */
export const SERVER_LIMIT_MS = 5_000;
export const CONSUMER_LIMIT_MS = 15_000;

export const ONE_BROKER: ServersKind = { brokers: 1, smallDisks: false };
export const THREE_BROKERS: ServersKind = { brokers: 3, smallDisks: false };
export const SMALL_DISKS: ServersKind = { brokers: 1, smallDisks: true };

/**
 * Waits until what needs a service is done again, and gives the milliseconds since `since`: known users order without the
 * users service, so for that one it is somebody new who is registered and has an order confirmed.
 */
export function untilServedBy(
  name: string,
  load: Arrivals,
  since: number,
  what: string,
): Promise<number> {
  return name === 'users'
    ? load.untilNewcomerOrders(since, what, RECOVERY_LIMIT_MS)
    : load.untilFlowing(since, what, RECOVERY_LIMIT_MS);
}

/** Does something `runs` times, each time while orders flow; `once` gives the milliseconds after which they flowed again. */
export async function repeatUnderLoad(
  { load, recovered }: Ground,
  runs: number,
  once: (run: number) => Promise<number>,
): Promise<void> {
  for (let run = 0; run < runs; run += 1) {
    await load.untilConfirmed(ORDERS_BETWEEN_FAULTS, RECOVERY_LIMIT_MS);
    recovered(await once(run));
  }
}
