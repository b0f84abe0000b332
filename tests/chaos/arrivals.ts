// Load as many independent clients make it: requests arrive at their own pace, whether or not the earlier ones are answered.
import { eventually } from '@orderflow/shared/testing/eventually.ts';
import type { Call } from '../stack/client.ts';
import { placeOrder } from '../stack/shop.ts';
import type { Random } from './random.ts';
import { noteMade, noteOrder, type Witness } from './witness.ts';

const INTERVAL_MS = 10;
/** Requests that may be without an answer at once; further ones are not sent, as of clients that have gone away. */
const UNANSWERED_LIMIT = 3_000;
const LAST_ANSWERS_LIMIT_MS = 90_000;
/** Of 100 requests: these make a user who orders then, a product, an order with an Idempotency-Key that is sent twice at once. */
const SHARES = { users: 4, products: 4, keyedOrders: 6 };

/** Who orders what. */
export interface Shoppers {
  readonly userIds: readonly number[];
  /** Ordered from in turn; orders flow when they flow for each of them. */
  readonly productIds: readonly number[];
  /** Of which there is little: they are sold out soon. */
  readonly scarceIds: readonly number[];
}

/** A load under way. */
export interface Arrivals {
  /** Waits until `count` more orders were confirmed. */
  readonly untilConfirmed: (count: number, timeoutMs: number) => Promise<void>;
  /**
   * Waits until each product has had an order confirmed that was placed after `since` (milliseconds of
   * performance.now()); gives the milliseconds since then.
   */
  readonly untilFlowing: (since: number, what: string, timeoutMs: number) => Promise<number>;
  /** The same until somebody who asked to be registered after `since` has had an order confirmed. */
  readonly untilNewcomerOrders: (since: number, what: string, timeoutMs: number) => Promise<number>;
  /** No further requests; resolves when all have been answered or given up. */
  readonly stop: () => Promise<void>;
}

/** What a load works with. `prefix` makes names that were not used before. */
export interface ArrivalsDeps {
  readonly call: Call;
  readonly shoppers: Shoppers;
  readonly witness: Witness;
  readonly random: Random;
  readonly prefix: string;
}

/** Starts about 100 requests a second, of which most are orders. */
export function startArrivals(deps: ArrivalsDeps): Arrivals {
  const { productIds } = deps.shoppers;
  const placedAtOf = new Map<number, number>();
  let confirmed = 0;
  let unanswered = 0;
  let serial = 0;
  let newcomerAskedAt = -Infinity;
  const noteConfirmed = (productId: number, placedAt: number) => {
    confirmed += 1;
    placedAtOf.set(productId, Math.max(placedAt, placedAtOf.get(productId) ?? 0));
  };
  const noteNewcomer = (askedAt: number) => {
    newcomerAskedAt = Math.max(newcomerAskedAt, askedAt);
  };
  const heard = { onConfirmed: noteConfirmed, onNewcomerConfirmed: noteNewcomer };
  const timer = setInterval(() => {
    if (unanswered >= UNANSWERED_LIMIT) return;
    unanswered += 1;
    void arrive(deps, (serial += 1), heard).finally(() => (unanswered -= 1));
  }, INTERVAL_MS);
  return {
    untilConfirmed: async (count, timeoutMs) => {
      const wanted = confirmed + count;
      await eventually(() => confirmed >= wanted, `${count} more orders are confirmed`, {
        timeoutMs,
      });
    },
    untilFlowing: async (since, what, timeoutMs) => {
      const flows = () => productIds.every((id) => (placedAtOf.get(id) ?? 0) > since);
      await eventually(flows, `orders of all products flow after ${what}`, {
        ...{ timeoutMs, intervalMs: 10 },
      });
      return Math.round(performance.now() - since);
    },
    untilNewcomerOrders: async (since, what, timeoutMs) => {
      await eventually(() => newcomerAskedAt > since, `somebody new orders after ${what}`, {
        ...{ timeoutMs, intervalMs: 10 },
      });
      return Math.round(performance.now() - since);
    },
    stop: async () => {
      clearInterval(timer);
      await eventually(() => unanswered === 0, 'the last requests are answered', {
        timeoutMs: LAST_ANSWERS_LIMIT_MS,
      });
    },
  };
}

/** Who is told of orders that were confirmed. */
interface Heard {
  readonly onConfirmed: (productId: number, placedAt: number) => void;
  /** `askedAt`: when the buyer asked to be registered. */
  readonly onNewcomerConfirmed: (askedAt: number) => void;
}

/** One request, the `serial`-th. */
async function arrive(
  deps: ArrivalsDeps,
  serial: number,
  { onConfirmed, onNewcomerConfirmed }: Heard,
): Promise<void> {
  const { call, witness, random, prefix } = deps;
  const { productIds, scarceIds } = deps.shoppers;
  const roll = random.integer(1, 100);
  const productId = productIds[serial % productIds.length] ?? 0;
  if (roll <= SHARES.users) {
    const email = `${prefix}.${serial}@example.com`;
    const askedAt = performance.now();
    const userId = noteMade(witness.userIds, await call('POST', '/user', { email }));
    if (userId === undefined) return;
    const answer = await placeOrder(call, { userId, productId });
    noteOrder(witness, answer, undefined);
    if (answer.status === 200) onNewcomerConfirmed(askedAt);
  } else if (roll <= SHARES.users + SHARES.products) {
    const name = `${prefix} ${serial}`;
    noteMade(witness.productIds, await call('POST', '/inventory', { name, count: 1 }));
  } else if (roll <= SHARES.users + SHARES.products + SHARES.keyedOrders) {
    await orderTwice(deps, productId, `${prefix} ${serial}`);
  } else await order(deps, roll === 100 ? random.pick(scarceIds) : productId, onConfirmed);
}

async function order(
  { call, witness, random, shoppers }: ArrivalsDeps,
  productId: number,
  onConfirmed: (productId: number, placedAt: number) => void,
): Promise<void> {
  const placedAt = performance.now();
  const answer = await placeOrder(call, { userId: random.pick(shoppers.userIds), productId });
  noteOrder(witness, answer, undefined);
  if (answer.status === 200) onConfirmed(productId, placedAt);
}

async function orderTwice(
  { call, witness, random, shoppers }: ArrivalsDeps,
  productId: number,
  key: string,
): Promise<void> {
  const body = { userId: random.pick(shoppers.userIds), productId };
  const headers = { 'idempotency-key': key };
  const both = [placeOrder(call, body, headers), placeOrder(call, body, headers)];
  for (const answer of await Promise.all(both)) noteOrder(witness, answer, key);
}
