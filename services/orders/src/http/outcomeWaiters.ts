// Requests that wait for their orders' decisions. The commit that decides an order here answers its waiters here, from
// the rows that it has written; what another instance decides is found by one query for all that still wait.
import type { OrderId } from '@orderflow/shared/contracts/ids.ts';
import { AppError } from '@orderflow/shared/runtime/appError.ts';
import type { Logger } from '@orderflow/shared/runtime/logger.ts';
import type { OrderQueries, OrderView } from '../readmodel/orders.ts';

/** Requests that may wait at once in one process. */
const WAITER_LIMIT = 10_000;
const POLL_INTERVAL_MS = 25;
/** Every how many polls the database is asked at least, while what it is asked for is in vain. */
const MOST_POLLS_APART = 4;
/** Queries that fail one after the other are told once, and then this often: a poll would tell forty times a second. */
const WARNING_INTERVAL_MS = 5_000;
/** Orders in one query. */
const QUERY_LIMIT = 1_000;

/** One request's place among those that wait. */
export interface Waiter {
  /** The decided order, or `undefined` after `timeoutMs` (or when the process is about to end). */
  outcome(timeoutMs: number): Promise<OrderView | undefined>;
  /** Gives the place back. Must be called in the end, whatever happened. */
  release(): void;
}

/** The waiting room of one process. */
export interface OutcomeWaiters {
  /**
   * Takes a place. Before the order is appended, so that a decision cannot come unseen between append and wait.
   * Throws a retryable AppError when all places are taken.
   */
  readonly register: (orderId: OrderId) => Waiter;
  /** True if somebody waits for the order. */
  readonly isAwaited: (orderId: OrderId) => boolean;
  /** Tells who waits for this order that it is decided. */
  readonly tell: (order: OrderView) => void;
  /** These orders may be decided by now: look, if somebody waits for them. */
  readonly wake: (orderIds: readonly OrderId[]) => void;
  /** Ends all waits without an outcome, and every later one at once. */
  readonly close: () => void;
}

export interface OutcomeWaitersDeps {
  readonly queries: Pick<OrderQueries, 'findDecided'>;
  readonly logger: Pick<Logger, 'warn'>;
  readonly waiterLimit?: number;
}

type Settle = (order: OrderView | undefined) => void;

/** Who waits for one order, and how many polls there had been when the first of them came. */
interface Waiting {
  readonly settles: Set<Settle>;
  readonly sincePoll: number;
}

/** Makes the waiting room. It asks the database only while somebody is in it. */
export function createOutcomeWaiters(deps: OutcomeWaitersDeps): OutcomeWaiters {
  const { waiterLimit = WAITER_LIMIT } = deps;
  const waiting = new Map<OrderId, Waiting>();
  const tell = (order: OrderView): void => {
    settle(order.orderId, order);
  };
  const { lookUp, poll } = createLooks(deps, waiting, tell);
  let waiterCount = 0;
  let closed = false;

  function settle(orderId: OrderId, order: OrderView | undefined): void {
    for (const each of waiting.get(orderId)?.settles ?? []) each(order);
  }

  function leave(orderId: OrderId, each: Settle): void {
    const same = waiting.get(orderId)?.settles;
    if (same?.delete(each) !== true) return;
    if (same.size === 0) waiting.delete(orderId);
    waiterCount -= 1;
    if (waiterCount === 0) poll.stop();
  }

  return {
    register(orderId) {
      if (waiterCount >= waiterLimit) throw tooManyWaiting();
      const { promise, resolve } = Promise.withResolvers<OrderView | undefined>();
      const same = waiting.get(orderId) ?? { settles: new Set<Settle>(), sincePoll: poll.count() };
      same.settles.add(resolve);
      waiting.set(orderId, same);
      waiterCount += 1;
      poll.start();
      return {
        outcome: (timeoutMs) => within(closed ? 0 : timeoutMs, promise),
        release: () => {
          leave(orderId, resolve);
        },
      };
    },
    isAwaited: (orderId) => waiting.has(orderId),
    tell,
    wake(orderIds) {
      lookUp(orderIds.filter((orderId) => waiting.has(orderId)));
    },
    close() {
      closed = true;
      for (const orderId of waiting.keys()) settle(orderId, undefined);
    },
  };
}

/** Looks for orders that another instance may have decided: those that it is told of, and all that wait long. */
function createLooks(
  deps: OutcomeWaitersDeps,
  waiting: ReadonlyMap<OrderId, Waiting>,
  tell: (order: OrderView) => void,
) {
  const rests = createRests();
  const lookUp = createLookUp(deps, (order) => {
    if (waiting.has(order.orderId)) rests.end();
    tell(order);
  });
  const poll = createPoll(rests.end, (polls) => {
    if (!rests.isOver(polls)) return;
    const orderIds = [...longWaiting(waiting, polls)];
    if (orderIds.length === 0) return;
    rests.noteLook(polls);
    lookUp(orderIds);
  });
  return { lookUp, poll };
}

/** Polls while it is started; counts the polls that there have been. `begin` is called when it did not poll before. */
function createPoll(begin: () => void, ask: (count: number) => void) {
  let count = 0;
  let timer: NodeJS.Timeout | undefined;
  return {
    count: () => count,
    start: () => {
      if (timer !== undefined) return;
      begin();
      timer = setInterval(() => {
        ask(count);
        count += 1;
      }, POLL_INTERVAL_MS);
    },
    stop: () => {
      clearInterval(timer);
      timer = undefined;
    },
  };
}

/**
 * How long looks rest, in polls. Where one instance decides all orders, each look is in vain: the commit that decides
 * tells those who wait. So looks that find nothing come less and less often, and with each poll again once one has found
 * what another instance decided. They never end while somebody waits: an order that is decided elsewhere (after a
 * rebalance, say) is found late once, by MOST_POLLS_APART polls, and none is missed. Who comes into an empty room has
 * asked nothing in vain: polls are not counted while it is empty, and a rest would outlast any quiet.
 */
function createRests() {
  let pollsApart = 1;
  let nextLook = 0;
  return {
    isOver: (polls: number) => polls >= nextLook,
    noteLook(polls: number) {
      nextLook = polls + pollsApart;
      pollsApart = Math.min(2 * pollsApart, MOST_POLLS_APART);
    },
    end: () => {
      pollsApart = 1;
      nextLook = 0;
    },
  };
}

/** Most orders are decided here within an interval: only those who have waited longer are worth a query. */
function* longWaiting(waiting: ReadonlyMap<OrderId, Waiting>, polls: number): Iterable<OrderId> {
  for (const [orderId, { sincePoll }] of waiting) if (sincePoll < polls) yield orderId;
}

/**
 * Asks for orders, and tells those that are decided. One query at a time: what is asked for meanwhile goes into the
 * next, so that a slow database is not asked more often for being slow.
 */
function createLookUp(
  { queries, logger }: OutcomeWaitersDeps,
  tell: (order: OrderView) => void,
): (orderIds: Iterable<OrderId>) => void {
  const wanted = new Set<OrderId>();
  let asking = false;
  let warnedAt = -Infinity;

  function warn(error: unknown): void {
    const now = performance.now();
    if (now - warnedAt < WARNING_INTERVAL_MS) return;
    warnedAt = now;
    logger.warn({ err: error }, 'could not ask for the outcome of orders');
  }

  async function ask(): Promise<void> {
    asking = true;
    try {
      while (wanted.size > 0) {
        const orderIds = [...wanted].slice(0, QUERY_LIMIT);
        for (const orderId of orderIds) wanted.delete(orderId);
        for (const order of await queries.findDecided(orderIds)) tell(order);
      }
    } catch (error) {
      // Whoever waits is asked for again with the next poll, and has a time-out of its own.
      warn(error);
    } finally {
      asking = false;
    }
  }

  return (orderIds) => {
    for (const orderId of orderIds) wanted.add(orderId);
    if (!asking && wanted.size > 0) void ask();
  };
}

function tooManyWaiting(): AppError {
  const message = 'Too many orders are waiting, try again';
  return new AppError('too_many_waiting', message, { retryable: true });
}

/** What the promise gives, or `undefined` after `timeoutMs`. */
async function within<T>(timeoutMs: number, promise: Promise<T>): Promise<T | undefined> {
  let timer: NodeJS.Timeout | undefined;
  const timeout = new Promise<undefined>((resolve) => {
    timer = setTimeout(() => {
      resolve(undefined);
    }, timeoutMs);
  });
  try {
    return await Promise.race([promise, timeout]);
  } finally {
    clearTimeout(timer);
  }
}
