// The one row of `log_head`: its lock orders all appends of a schema, and gives them their positions.
// Why not AUTO_INCREMENT: it numbers in the order of inserts, not of commits. A reader of `id > last` skips, for ever,
// a row whose transaction commits after that of a later number. The row's lock lasts until the commit, and a rollback
// restores it: positions have no gaps and come in commit order, so the log is its own outbox.
import type { ResultSetHeader } from 'mysql2/promise';
import { z } from 'zod';
import { AppError } from '../runtime/appError.ts';
import { queryRows } from '../runtime/database.ts';
import type { Queryable } from '../runtime/transaction.ts';

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

/** Takes positions for a transaction's events; keeps the lock until that transaction ends. */
export type TakePositions = (
  database: Queryable,
  count: number,
) => Promise<{ readonly incarnation: number; readonly firstPosition: number }>;

/**
 * Makes the function that takes positions. It remembers the incarnation and names it in the UPDATE, which saves a
 * query per commit: when an operator has raised it, no row is found, and it is read again.
 */
export function createTakePositions(): TakePositions {
  let known = 1;
  return async (database, count) => {
    for (const incarnation of [known, undefined]) {
      const current = incarnation ?? (known = (await readLogHead(database)).incarnation);
      const [result] = await database.query<ResultSetHeader>(
        `UPDATE log_head SET last_position = LAST_INSERT_ID(last_position + ?)
          WHERE id = 1 AND incarnation = ?`,
        [count, current],
      );
      if (result.affectedRows === 1)
        return { incarnation: current, firstPosition: result.insertId - count + 1 };
    }
    throw headMissing();
  };
}

function headMissing(): AppError {
  return new AppError(
    'log_head_missing',
    'The table log_head has no row: run the migrations with admin credentials',
    { retryable: false },
  );
}
