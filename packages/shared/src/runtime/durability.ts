// Whether the database server keeps what it has committed when it crashes.
import { z } from 'zod';
import { AppError } from './appError.ts';
import { queryRows, type Queryable } from './database.ts';

const settingsSchema = z.object({
  log_bin: z.number(),
  sync_binlog: z.number(),
  flush_at_commit: z.number(),
});

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
  if (server?.log_bin !== 1) faults.push('log_bin is off: start the server with a binary log');
  if (server?.sync_binlog !== 1) faults.push('sync_binlog is not 1');
  if (server?.flush_at_commit !== 1) faults.push('innodb_flush_log_at_trx_commit is not 1');
  return faults;
}

/**
 * Looks at the server once, at start. `refuse` throws AppError 'database_not_durable'; `warn` calls back and goes on
 * (a test's server may well be set for speed).
 */
export async function checkDurability(
  database: Queryable,
  mode: 'refuse' | 'warn',
  warn: (message: string) => void,
): Promise<void> {
  const faults = await readDurabilityFaults(database);
  if (faults.length === 0) return;
  const message = `The database server may lose committed events in a crash: ${faults.join('; ')}`;
  if (mode === 'refuse') throw new AppError('database_not_durable', message, { retryable: false });
  warn(message);
}
