// Ids from a counter row: never used twice, with gaps when a process ends or a request fails.
import type { Pool, ResultSetHeader } from 'mysql2/promise';
import { operationalError } from '../runtime/database.ts';

/**
 * Takes `count` ids and gives the first of them. A short transaction of its own: inside that of a request, the
 * counter's lock would make all requests wait for each other's commits. Throws a retryable AppError.
 */
export async function takeIds(pool: Pool, counter: string, count: number): Promise<number> {
  try {
    const first = await take(pool, counter, count);
    if (first !== undefined) return first;
    // The first use. Two processes may come here at once: one row is made, both then count on it.
    await pool.query('INSERT IGNORE INTO counters (name, last_id) VALUES (?, 0)', [counter]);
    const made = await take(pool, counter, count);
    if (made === undefined) throw new Error(`The counter ${counter} cannot be made`);
    return made;
  } catch (error) {
    throw operationalError(error);
  }
}

async function take(pool: Pool, counter: string, count: number): Promise<number | undefined> {
  const [result] = await pool.query<ResultSetHeader>(
    'UPDATE counters SET last_id = LAST_INSERT_ID(last_id + ?) WHERE name = ?',
    [count, counter],
  );
  return result.affectedRows === 1 ? result.insertId - count + 1 : undefined;
}

/** Gives ids one by one, from blocks taken when needed. */
export interface IdAllocator {
  /** The next id. Throws a retryable AppError when a block is needed and cannot be taken. */
  readonly next: () => Promise<number>;
}

/**
 * Makes an allocator; `takeBlock` is `takeIds` of one counter. A block has `blockSize` ids, or one for each that waits if
 * they are more: a crowd then shares one commit instead of queueing for one each. What is left is lost with the process.
 */
export function createIdAllocator(
  takeBlock: (count: number) => Promise<number>,
  blockSize: number,
): IdAllocator {
  let nextId = 0;
  let free = 0;
  let refill: Promise<void> | undefined;
  let waiting = 0;

  async function takeNextBlock(): Promise<void> {
    const count = Math.max(blockSize, waiting);
    nextId = await takeBlock(count);
    free = count;
  }

  return {
    async next() {
      waiting += 1;
      try {
        for (;;) {
          if (free > 0) {
            free -= 1;
            return nextId++;
          }
          // One block at a time; those who came after it was asked for take the next one.
          refill ??= takeNextBlock().finally(() => {
            refill = undefined;
          });
          await refill;
        }
      } finally {
        waiting -= 1;
      }
    },
  };
}
