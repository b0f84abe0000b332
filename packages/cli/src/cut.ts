// One consistent cut through three databases: what it shows of one service, it shows of all others whose events led to it.
import type { PoolConnection } from 'mysql2/promise';
import { z } from 'zod';
import { lockLogHead, readLogHead } from '@orderflow/shared/eventstore/logHead.ts';
import { operationalError, queryRows } from '@orderflow/shared/runtime/database.ts';
import { DATA_SERVICES, type DataService } from './config.ts';
import type { ServicePools } from './serviceLogs.ts';

/** A database as it was at the moment of the cut. Reads on the connection see nothing later. */
export interface Snapshot {
  readonly connection: PoolConnection;
  readonly incarnation: number;
  /** The log's last position then. */
  readonly position: number;
  /** Just before that moment, on the database's clock, UTC: a lease that it shows was still held if it ends later. */
  readonly openedAt: string;
}

/** The three snapshots; `release` gives their connections up. */
export interface Cut {
  readonly snapshots: Readonly<Record<DataService, Snapshot>>;
  readonly release: () => void;
}

/**
 * Takes a cut. `live`: the three log heads are locked for the moment in which the snapshots are opened (a few
 * milliseconds, in which appends wait).
 *
 * The race that the locks keep out: snapshots cannot be opened at the same instant. Between that of inventory and that
 * of orders, inventory could append a reservation and orders confirm by it; the cut would show a confirmed order that
 * nobody has reserved anything for. While a head is locked nothing can be appended to its log, so whatever a snapshot
 * shows was caused by events that stood in all logs before the first lock. (Cursors may move meanwhile, which needs no
 * head; but only over messages of events that all snapshots have.)
 *
 * Without `live` nothing is locked, and it throws when the logs grow meanwhile.
 */
export async function takeCut(pools: ServicePools, { live }: { live: boolean }): Promise<Cut> {
  const locks: PoolConnection[] = [];
  const opened: PoolConnection[] = [];
  try {
    if (live) for (const service of DATA_SERVICES) locks.push(await lockHead(pools, service));
    const [users, inventory, orders] = [
      await openSnapshot(pools, 'users', opened),
      await openSnapshot(pools, 'inventory', opened),
      await openSnapshot(pools, 'orders', opened),
    ];
    const snapshots = { users, inventory, orders };
    if (!live) await requireRest(pools, snapshots);
    return {
      snapshots,
      release: () => {
        for (const connection of opened) connection.destroy();
      },
    };
  } catch (error) {
    for (const connection of opened) connection.destroy();
    throw operationalError(error);
  } finally {
    await Promise.all(locks.map(unlock));
  }
}

async function lockHead(pools: ServicePools, service: DataService): Promise<PoolConnection> {
  const connection = await pools[service].getConnection();
  try {
    await connection.query('BEGIN');
    await lockLogHead(connection);
    return connection;
  } catch (error) {
    connection.destroy();
    throw error;
  }
}

async function unlock(connection: PoolConnection): Promise<void> {
  // Where even that fails, the server ends the transaction when it sees the socket closed.
  await connection.query('ROLLBACK').catch(() => undefined);
  connection.destroy();
}

async function openSnapshot(
  pools: ServicePools,
  service: DataService,
  opened: PoolConnection[],
): Promise<Snapshot> {
  const connection = await pools[service].getConnection();
  opened.push(connection);
  await connection.query('SET SESSION TRANSACTION ISOLATION LEVEL REPEATABLE READ');
  const openedAt = await readClock(connection);
  // Read only, so that no bug of a verb can write; the snapshot is opened here, not at the first read.
  await connection.query('START TRANSACTION WITH CONSISTENT SNAPSHOT, READ ONLY');
  return { connection, openedAt, ...(await readLogHead(connection)) };
}

async function readClock(connection: PoolConnection): Promise<string> {
  const schema = z.object({ time: z.string() });
  const sql = 'SELECT CAST(UTC_TIMESTAMP(3) AS CHAR) AS time';
  const [row] = await queryRows(connection, schema, sql);
  if (row === undefined) throw new Error('The database does not say what time it is');
  return row.time;
}

async function requireRest(pools: ServicePools, snapshots: Cut['snapshots']): Promise<void> {
  for (const service of DATA_SERVICES) {
    const { position } = await readLogHead(pools[service]);
    if (position !== snapshots[service].position)
      throw new Error(
        `The log of ${service} grows (from ${snapshots[service].position} to ${position} just now): ` +
          'add --live, which takes one cut through a system at work',
      );
  }
}
