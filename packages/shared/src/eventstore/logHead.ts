// The one row of `log_head`: its lock orders all appends of a schema, and gives them their positions.
// Why not AUTO_INCREMENT: it numbers in the order of inserts, not of commits. A reader of `id > last` skips, for ever,
// a row whose transaction commits after that of a later number. The row's lock lasts until the commit, and a rollback
// restores it: positions have no gaps and come in commit order, so the log is its own outbox.
import type { ResultSetHeader } from 'mysql2/promise';
import { z } from 'zod';
import { AppError } from '../runtime/appError.ts';
import { queryRows } from '../runtime/database.ts';
import type { Queryable, Transaction } from '../runtime/transaction.ts';

const headSchema = z.object({ incarnation: z.int(), last_position: z.int(), fence: z.int() });

const SELECT_HEAD = 'SELECT incarnation, last_position, fence FROM log_head WHERE id = 1';

/** The log's head as committed last. */
export async function readLogHead(
  database: Queryable,
): Promise<{ readonly incarnation: number; readonly position: number; readonly fence: number }> {
  const [row] = await queryRows(database, headSchema, SELECT_HEAD);
  if (row === undefined) throw headMissing();
  return { incarnation: row.incarnation, position: row.last_position, fence: row.fence };
}

/**
 * Waits until nobody holds the log head's lock: an earlier append that held it, and whose connection broke, has then
 * surely been committed or rolled back. For the length of the transaction that it runs in.
 */
export async function lockLogHead(database: Queryable): Promise<void> {
  await queryRows(database, headSchema, `${SELECT_HEAD} FOR UPDATE`);
}

/**
 * Makes every append fail, for ever, whose foreseen place was seen before this is committed. For an append that the server
 * has perhaps not read yet. Call it under the head's lock.
 */
export function raiseFence(transaction: Transaction): void {
  transaction.later('UPDATE log_head SET fence = fence + 1 WHERE id = 1', []);
}

/** Where a transaction's events begin in the log. */
export interface LogPlace {
  readonly incarnation: number;
  readonly firstPosition: number;
  /**
   * Of a place that is foreseen, and not taken yet (that is done together with the INSERT, see `appendEvents`): the fence
   * that the head must have then. Undefined: the place is taken.
   */
  readonly fence: number | undefined;
}

/** Somebody else has moved the log head: what was foreseen is not so, and nothing was written. */
export class HeadMovedError extends Error {}

/** Positions for the events of this process's transactions. */
export interface LogPositions {
  /** Takes them, and keeps the head's lock until the transaction ends. */
  take(transaction: Transaction, count: number): Promise<LogPlace>;
  /** Where the next events will surely begin unless somebody else appends first; undefined where that is to be expected. */
  foresee(): LogPlace | undefined;
  /** To be called after a commit. */
  noteCommitted(
    events: readonly { readonly incarnation: number; readonly position: number }[],
  ): void;
  /** To be called when what was foreseen was not so. */
  noteMoved(): void;
}

/**
 * Commits in a row without another writer between them, after which their positions are foreseen. Twice as many after each
 * time that it was wrong, up to the second number: where two processes write, such runs are chance, and each ends in a
 * transaction for nothing.
 */
const UNDISTURBED_COMMITS = 8;
const MOST_UNDISTURBED_COMMITS = 512;

/**
 * Makes the positions of one store. It remembers the incarnation and names it in the UPDATE, which saves a query per
 * commit: when an operator has raised it, no row is found, and it is read again, and the fence with it.
 *
 * Where one process writes to a schema, it also knows where its next events will stand; then nobody need wait for the
 * answer that tells it, and the events go out in the same packet. If another process appends first, that packet fails
 * (see `appendEvents`), and the transaction is run again with positions that it waits for.
 */
export function createLogPositions(): LogPositions {
  let known: { readonly incarnation: number; readonly fence: number } | undefined;
  let last: number | undefined;
  let undisturbed = 0;
  let needed = UNDISTURBED_COMMITS;
  return {
    async take(transaction, count) {
      for (const remembered of [known, undefined]) {
        const { incarnation, fence } = remembered ?? (await readLogHead(transaction));
        known = { incarnation, fence };
        const [result] = await transaction.query<ResultSetHeader>(
          `UPDATE log_head SET last_position = LAST_INSERT_ID(last_position + ?)
            WHERE id = 1 AND incarnation = ?`,
          [count, incarnation],
        );
        if (result.affectedRows === 1)
          return {
            incarnation,
            firstPosition: result.insertId - count + 1,
            fence: undefined,
          };
      }
      throw headMissing();
    },
    foresee: () =>
      known === undefined || last === undefined || undisturbed < needed
        ? undefined
        : { ...known, firstPosition: last + 1 },
    noteCommitted(events) {
      const [first, end] = [events[0], events.at(-1)];
      if (first === undefined || end === undefined) return;
      const follows = first.incarnation === known?.incarnation && first.position - 1 === last;
      undisturbed = follows ? undisturbed + 1 : 0;
      last = end.position;
    },
    noteMoved() {
      needed = Math.min(needed * 2, MOST_UNDISTURBED_COMMITS);
      undisturbed = 0;
      last = undefined;
      known = undefined;
    },
  };
}

function headMissing(): AppError {
  return new AppError(
    'log_head_missing',
    'The table log_head has no row: run the migrations with admin credentials',
    { retryable: false },
  );
}
