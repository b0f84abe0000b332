// Whether services still work on a database: a restore under their feet would mix two histories.
import type { Pool } from 'mysql2/promise';
import { z } from 'zod';
import { queryRows } from '@orderflow/shared/runtime/database.ts';
import { tablesOf } from '../backup/dump.ts';
import type { DataService } from '../config.ts';

/**
 * Throws an Error while a relay holds the lease of the schema, or the service's user is connected. The latter is seen
 * only by an administrator who may see others' processes (PROCESS); a service that runs has the lease, or another of its
 * processes has it, except in its first and last moments.
 */
export async function requireStopped(pool: Pool, service: DataService, user: string) {
  const connections = await count(
    pool,
    'SELECT COUNT(*) AS found FROM information_schema.PROCESSLIST WHERE USER = ?',
    [user],
  );
  const hasLease = (await tablesOf(pool)).includes('relay_lease');
  const leases = hasLease
    ? await count(
        pool,
        "SELECT COUNT(*) AS found FROM relay_lease WHERE owner <> '' AND expires_at > UTC_TIMESTAMP(3)",
      )
    : 0;
  if (connections === 0 && leases === 0) return;
  const signs = [
    ...(connections > 0 ? [`${user} has ${connections} connections`] : []),
    ...(leases > 0 ? ['a relay holds its lease'] : []),
  ];
  throw new Error(
    `${service} still runs (${signs.join(', ')}): stop all its processes. After a kill -9 the lease ends within 3 s.`,
  );
}

/** True if the log of the database has events. */
export async function hasEvents(pool: Pool): Promise<boolean> {
  if (!(await tablesOf(pool)).includes('events')) return false;
  const sql = 'SELECT EXISTS (SELECT 1 FROM events) AS found';
  return (await count(pool, sql)) > 0;
}

async function count(pool: Pool, sql: string, values: readonly unknown[] = []): Promise<number> {
  const [row] = await queryRows(pool, z.object({ found: z.coerce.number() }), sql, values);
  return row?.found ?? 0;
}
