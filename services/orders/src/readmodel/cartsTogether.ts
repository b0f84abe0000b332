// Carts that are asked for at the same time are read by one query: the query costs more than the few rows it gives.
import type { UserId } from '@orderflow/shared/contracts/ids.ts';
import { AppError } from '@orderflow/shared/runtime/appError.ts';

/** Carts of one query. */
const CARTS_LIMIT = 200;
/** Rows of one query: carts are short, and one that is not must not hold the others up. */
const LINES_LIMIT = 5_000;
/** A cart of more lines is asked for alone: it would be sorted whole in the others' query, and may cut it off. */
const SHORT_CART_LINES = 500;
/** Users whose carts are known to be longer. The one noted first is forgotten first, and found out again. */
const LONG_CARTS_LIMIT = 10_000;
/** Queries for several carts at once, and how long the latest keeps the next one waiting: one that hangs must not hold all up. */
const QUERIES_LIMIT = 4;
const PATIENCE_MS = 50;
/** Carts that may wait for a query at once. */
const WAITING_LIMIT = 10_000;

/** What counts of a cart's line here. */
interface CartLine {
  readonly userId: UserId;
}

/** What the carts are read by. */
export interface CartReads<Line extends CartLine> {
  /** At most `limit` lines of one cart with an id above `after`, by id. */
  one(userId: UserId, after: number, limit: number): Promise<readonly Line[]>;
  /** At most `limit` lines of all these carts, by user and id. */
  many(userIds: readonly UserId[], limit: number): Promise<readonly Line[]>;
}

interface Asked<Line> {
  readonly userId: UserId;
  readonly limit: number;
  readonly resolve: (lines: readonly Line[] | PromiseLike<readonly Line[]>) => void;
  readonly reject: (error: unknown) => void;
}

/**
 * Gives the way to list a cart. What is asked for while a query is under way goes into the next one, never into the one
 * under way: whoever asks after a commit must see it. The next one waits for the latest to end, for that is what brings
 * carts together, but only PATIENCE_MS. The rest of a cart (`after` above 0) and a long cart are asked for alone.
 * It rejects with what the query rejects with, or with the retryable AppError 'too_many_waiting'.
 */
export function createCartsTogether<Line extends CartLine>(
  reads: CartReads<Line>,
): CartReads<Line>['one'] {
  const waiting: Asked<Line>[] = [];
  const longCarts = createLongCarts();
  let latest: object | undefined;
  let underWay = 0;

  async function alone(userId: UserId, after: number, limit: number): Promise<readonly Line[]> {
    const lines = await reads.one(userId, after, limit);
    longCarts.note(userId, lines.length);
    return lines;
  }

  function readNext(): void {
    if (latest !== undefined || underWay >= QUERIES_LIMIT || waiting.length === 0) return;
    const batch = waiting.splice(0, CARTS_LIMIT);
    const goOn = (): void => {
      if (latest === batch) latest = undefined;
      readNext();
    };
    latest = batch;
    underWay += 1;
    const patience = setTimeout(goOn, PATIENCE_MS);
    void read({ ...reads, one: alone }, batch, longCarts).then(() => {
      clearTimeout(patience);
      underWay -= 1;
      goOn();
    });
  }

  return (userId, after, limit) => {
    if (after > 0 || longCarts.has(userId)) return alone(userId, after, limit);
    if (waiting.length >= WAITING_LIMIT) {
      const message = 'Too many carts are asked for, try again';
      return Promise.reject(new AppError('too_many_waiting', message, { retryable: true }));
    }
    return new Promise((resolve, reject) => {
      waiting.push({ userId, limit, resolve, reject });
      readNext();
    });
  };
}

type LongCarts = ReturnType<typeof createLongCarts>;

/** Remembers whose carts are long. No cart gets shorter again. */
function createLongCarts() {
  const userIds = new Set<UserId>();
  return {
    has: (userId: UserId) => userIds.has(userId),
    note(userId: UserId, lineCount: number): void {
      if (lineCount <= SHORT_CART_LINES) return;
      userIds.add(userId);
      for (const first of userIds) {
        if (userIds.size <= LONG_CARTS_LIMIT) break;
        userIds.delete(first);
      }
    },
  };
}

/** Never rejects: those who asked in this batch are told, and nobody else. */
async function read<Line extends CartLine>(
  reads: CartReads<Line>,
  batch: readonly Asked<Line>[],
  longCarts: LongCarts,
): Promise<void> {
  try {
    const userIds = [...new Set(batch.map(({ userId }) => userId))];
    const lines = await reads.many(userIds, LINES_LIMIT);
    const carts = Map.groupBy(lines, ({ userId }) => userId);
    for (const [userId, { length }] of carts) longCarts.note(userId, length);
    // Where the limit has cut, the last cart may lack its end, and those behind it are missing altogether.
    const cutAt = lines.length < LINES_LIMIT ? Infinity : (lines.at(-1)?.userId ?? 0);
    for (const { userId, limit, resolve } of batch)
      resolve(
        userId < cutAt ? (carts.get(userId) ?? []).slice(0, limit) : reads.one(userId, 0, limit),
      );
  } catch (error) {
    for (const { reject } of batch) reject(error);
  }
}
