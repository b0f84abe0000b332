// The one row of `log_head`: its lock orders all appends of a schema, and gives them their positions.
// Why not AUTO_INCREMENT: it numbers in the order of inserts, not of commits. A reader of `id > last` skips, for ever,
// a row whose transaction commits after that of a later number. The row's lock lasts until the commit, and a rollback
// restores it: positions have no gaps and come in commit order, so the log is its own outbox.
import mysql from 'mysql2';
import type { ResultSetHeader } from 'mysql2/promise';
import { z } from 'zod';
import { AppError } from '../runtime/appError.ts';
import { queryRows } from '../runtime/database.ts';
import type { Queryable, Transaction } from '../runtime/transaction.ts';

const headSchema = z.object({ incarnation: z.int(), last_position: z.int() });

/** The log's head as committed last. */
export async function readLogHead(
  database: Queryable,
): Promise<{ readonly incarnation: number; readonly position: number }> {
  const sql = 'SELECT incarnation, last_position FROM log_head WHERE id = 1';
  const [row] = await queryRows(database, headSchema, sql);
  if (row === undefined) throw headMissing();
  return { incarnation: row.incarnation, position: row.last_position };
}

/**
 * Waits until nobody holds the log head's lock: an earlier append, whose connection broke, has then surely been
 * committed or rolled back. For the length of the transaction that it runs in.
 */
export async function lockLogHead(database: Queryable): Promise<void> {
  await queryRows(
    database,
    headSchema,
    'SELECT incarnation, last_position FROM log_head WHERE id = 1 FOR UPDATE',
  );
}

/** Where a transaction's events begin in the log. */
export interface LogPlace {
  readonly incarnation: number;
  readonly firstPosition: number;
}

/** Somebody else has moved the log head: what was foreseen is not so, and nothing was written. */
export class HeadMovedError extends Error {}

/** Positions for the events of this process's transactions. */
export interface LogPositions {
  /** Takes them, and keeps the head's lock until the transaction ends. */
  take(transaction: Transaction, count: number): Promise<LogPlace>;
  /** Where the next events will surely begin unless somebody else appends first; undefined where that is to be expected. */
  foresee(): LogPlace | undefined;
  /** Takes foreseen ones with the next packet. The statement behind it must be one that `guardedPosition` stands in. */
  takeForeseen(transaction: Transaction, place: LogPlace, count: number): void;
  /** To be called after a commit. */
  noteCommitted(
    events: readonly { readonly incarnation: number; readonly position: number }[],
  ): void;
  /** To be called when what was foreseen was not so. */
  noteMoved(): void;
}

/** Commits in a row without another writer between them, after which their positions are foreseen. */
const UNDISTURBED_COMMITS = 8;

/**
 * Makes the positions of one store. It remembers the incarnation and names it in the UPDATE, which saves a query per
 * commit: when an operator has raised it, no row is found, and it is read again.
 *
 * Where one process writes to a schema, it also knows where its next events will stand; then nobody need wait for the
 * answer that tells it, and the events go out in the same packet. The race: another process appends first. Then the
 * UPDATE, which compares, finds no row, and the INSERT behind it fails on `guardedPosition`: nothing is written, and the
 * transaction is run again with positions that it waits for.
 */
export function createLogPositions(): LogPositions {
  let incarnation = 1;
  let last: number | undefined;
  let undisturbed = 0;
  return {
    async take(transaction, count) {
      for (const known of [incarnation, undefined]) {
        const current = known ?? (incarnation = (await readLogHead(transaction)).incarnation);
        const [result] = await transaction.query<ResultSetHeader>(
          `UPDATE log_head SET last_position = LAST_INSERT_ID(last_position + ?)
            WHERE id = 1 AND incarnation = ?`,
          [count, current],
        );
        if (result.affectedRows === 1)
          return { incarnation: current, firstPosition: result.insertId - count + 1 };
      }
      throw headMissing();
    },
    foresee: () =>
      last === undefined || undisturbed < UNDISTURBED_COMMITS
        ? undefined
        : { incarnation, firstPosition: last + 1 },
    takeForeseen(transaction, place, count) {
      transaction.later(
        `UPDATE log_head SET last_position = last_position + ?
          WHERE id = 1 AND incarnation = ? AND last_position = ?`,
        [count, place.incarnation, place.firstPosition - 1],
      );
    },
    noteCommitted(events) {
      const [first, end] = [events[0], events.at(-1)];
      if (first === undefined || end === undefined) return;
      const follows = first.incarnation === incarnation && first.position - 1 === last;
      undisturbed = follows ? undisturbed + 1 : 0;
      last = end.position;
    },
    noteMoved() {
      undisturbed = 0;
      last = undefined;
    },
  };
}

/**
 * A foreseen position as a value of the statement right behind the UPDATE that takes it: NULL, which no position may be, if
 * that has found no row. That NULL is an error in every INSERT, of many rows too, is what the session's strict mode is for.
 */
export function guardedPosition(position: number): unknown {
  return mysql.raw(`IF(ROW_COUNT() = 1, ${position}, NULL)`);
}

function headMissing(): AppError {
  return new AppError(
    'log_head_missing',
    'The table log_head has no row: run the migrations with admin credentials',
    { retryable: false },
  );
}
