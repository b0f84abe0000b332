// Carts that are asked for at the same time are read by one query: the query costs more than the few rows it gives.
import type { UserId } from '@orderflow/shared/contracts/ids.ts';
import { AppError } from '@orderflow/shared/runtime/appError.ts';

/** Carts of one query. */
const CARTS_LIMIT = 200;
/** Rows of one query: carts are short, and one that is not must not hold the others up. */
const LINES_LIMIT = 5_000;

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
 * under way: whoever asks after a commit must see it. The rest of a long cart (`after` above 0) is asked for alone.
 * It rejects with what the query rejects with, or with the retryable AppError 'too_many_waiting'.
 */
export function createCartsTogether<Line extends CartLine>(
  reads: CartReads<Line>,
): CartReads<Line>['one'] {
  const waiting: Asked<Line>[] = [];
  let isReading = false;

  async function readAll(): Promise<void> {
    isReading = true;
    while (waiting.length > 0) await read(reads, waiting.splice(0, CARTS_LIMIT));
    isReading = false;
  }

  return (userId, after, limit) => {
    if (after > 0) return reads.one(userId, after, limit);
    if (waiting.length >= WAITING_LIMIT) {
      const message = 'Too many carts are asked for, try again';
      return Promise.reject(new AppError('too_many_waiting', message, { retryable: true }));
    }
    return new Promise((resolve, reject) => {
      waiting.push({ userId, limit, resolve, reject });
      if (!isReading) void readAll();
    });
  };
}

/** Never rejects: those who asked are told. */
async function read<Line extends CartLine>(
  reads: CartReads<Line>,
  batch: readonly Asked<Line>[],
): Promise<void> {
  try {
    const userIds = [...new Set(batch.map(({ userId }) => userId))];
    const lines = await reads.many(userIds, LINES_LIMIT);
    const carts = Map.groupBy(lines, ({ userId }) => userId);
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
