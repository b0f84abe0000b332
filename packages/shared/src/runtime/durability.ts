// Whether the database server keeps what it has committed when it crashes.
import { z } from 'zod';
import { AppError } from './appError.ts';
import { queryRows } from './database.ts';
import type { Queryable } from './transaction.ts';

const settingsSchema = z.object({
  log_bin: z.number(),
  sync_binlog: z.number(),
  flush_at_commit: z.number(),
});

/** What a service does about a server that may lose what it has committed. */
export type DurabilityMode = 'refuse' | 'warn';

/**
 * What the server is set to lose in a crash; empty if nothing. Without these, a message may have been sent for an
 * event that the server then forgets, and its position is given to another one.
 */
export async function readDurabilityFaults(database: Queryable): Promise<readonly string[]> {
  const [server] = await queryRows(
    database,
    settingsSchema,
    `SELECT @@log_bin AS log_bin, @@sync_binlog AS sync_binlog,
      @@innodb_flush_log_at_trx_commit AS flush_at_commit`,
  );
  const faults: string[] = [];
  if (server?.log_bin !== 1) faults.push('log_bin is off (start the server with a binary log)');
  if (server?.sync_binlog !== 1) faults.push('sync_binlog is not 1');
  // 3 is MariaDB's: as 1, and a second flush when the commit is written to the binary log.
  if (server?.flush_at_commit !== 1 && server?.flush_at_commit !== 3)
    faults.push('innodb_flush_log_at_trx_commit is not 1');
  return faults;
}

/**
 * Looks at the server once, at start. `refuse` throws AppError 'database_not_durable'; `warn` calls back and goes on
 * (a test's server may well be set for speed). The setting MYSQL_DURABILITY says which.
 */
export async function checkDurability(
  database: Queryable,
  mode: DurabilityMode,
  warn: (message: string) => void,
): Promise<void> {
  const faults = await readDurabilityFaults(database);
  if (faults.length === 0) return;
  const message = `The database server may lose committed events in a crash: ${faults.join('; ')}.`;
  if (mode === 'warn') {
    warn(`${message} Set MYSQL_DURABILITY=refuse to start on no such server.`);
    return;
  }
  const wayOut = 'Set them, or MYSQL_DURABILITY=warn to start all the same.';
  throw new AppError('database_not_durable', `${message} ${wayOut}`, { retryable: false });
}
