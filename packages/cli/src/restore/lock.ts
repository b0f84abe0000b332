// One restore at a time: two would load into the same tables, and drop each other's.
import type { PoolConnection } from 'mysql2/promise';
import { z } from 'zod';
import { queryRows } from '@orderflow/shared/runtime/database.ts';
import { DATA_SERVICES } from '../config.ts';
import type { ServicePools } from '../serviceLogs.ts';

/** One restore a schema. A lock's name has at most 64 characters; a database's name alone may have as many. */
const LOCK_NAME = "CONCAT('orderflow.restore.', LEFT(SHA2(DATABASE(), 256), 32))";

/**
 * Runs `work` while no other restore may run on any of the databases. Throws an Error, before it has run, where another one
 * does. The locks end with their sessions, so none outlives a process that is killed.
 */
export async function underRestoreLock<T>(pools: ServicePools, work: () => Promise<T>): Promise<T> {
  const sessions: PoolConnection[] = [];
  try {
    // It waits for none of them, so it does not matter in which order two restores ask.
    for (const service of DATA_SERVICES) {
      const session = await pools[service].getConnection();
      sessions.push(session);
      const [row] = await queryRows(
        session,
        z.object({ locked: z.int().nullable() }),
        `SELECT GET_LOCK(${LOCK_NAME}, 0) AS locked`,
      );
      if (row?.locked !== 1)
        throw new Error(`Another restore works on the database of ${service}: wait for its end`);
    }
    return await work();
  } finally {
    for (const session of sessions) {
      // A destroyed session ends some time later, and its lock with it: the next restore would be told to wait for nobody.
      await session.query(`DO RELEASE_LOCK(${LOCK_NAME})`).catch(() => undefined);
      session.destroy();
    }
  }
}
