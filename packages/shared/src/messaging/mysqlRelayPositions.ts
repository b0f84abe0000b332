// The relay's lease and cursors in MySQL: each operation is one short transaction that begins with the lease's row.
import type { Pool, PoolConnection, ResultSetHeader, RowDataPacket } from 'mysql2/promise';
import { inTransaction } from '../runtime/database.ts';
import { START, type Place } from './chain.ts';
import {
  LEASE_TTL_MS,
  rewoundCursor,
  type Leadership,
  type RelayCursor,
  type RelayPositions,
} from './relayPositions.ts';

/** The relay's one lease of a schema (made by the migration). */
const LEASE = 'relay';

interface LeaseRow extends RowDataPacket {
  readonly epoch: number;
  readonly owner: string;
  /** 1 while the lease holds, on the database's clock: the clocks of replicas need not agree. */
  readonly holds: number;
}

interface CursorRow extends RowDataPacket {
  readonly partition_id: number;
  readonly incarnation: number;
  readonly position: number;
  readonly part: number;
  readonly scanned_position: number;
}

const SELECT_LEASE = `
  SELECT epoch, owner, expires_at > UTC_TIMESTAMP(3) AS holds FROM relay_lease WHERE name = '${LEASE}' FOR UPDATE`;
const TAKE_LEASE = `
  UPDATE relay_lease SET owner = ?, epoch = epoch + 1,
    expires_at = UTC_TIMESTAMP(3) + INTERVAL ${LEASE_TTL_MS * 1000} MICROSECOND WHERE name = '${LEASE}'`;
const RENEW_LEASE = `
  UPDATE relay_lease SET expires_at = UTC_TIMESTAMP(3) + INTERVAL ${LEASE_TTL_MS * 1000} MICROSECOND
  WHERE name = '${LEASE}' AND owner = ? AND epoch = ?`;
const END_LEASE = `
  UPDATE relay_lease SET owner = '', expires_at = UTC_TIMESTAMP(3)
  WHERE name = '${LEASE}' AND owner = ? AND epoch = ?`;
const RAISE_EPOCH = `UPDATE relay_lease SET epoch = epoch + 1 WHERE name = '${LEASE}'`;
const SELECT_CURSORS = `
  SELECT partition_id, incarnation, position, part, scanned_position
  FROM relay_cursors WHERE topic = ? ORDER BY partition_id`;
const INSERT_CURSOR = `
  INSERT IGNORE INTO relay_cursors (topic, partition_id, incarnation, position, part, scanned_position)
  VALUES (?, ?, 0, 0, 0, 0)`;
const UPDATE_CURSOR = `
  UPDATE relay_cursors SET incarnation = ?, position = ?, part = ?, scanned_position = ?
  WHERE topic = ? AND partition_id = ?`;

/** The positions of the relay that publishes to `topic`, which has `partitionCount` partitions. */
export function createMysqlRelayPositions(
  pool: Pool,
  topic: string,
  partitionCount: number,
): RelayPositions {
  async function readCursors(connection: PoolConnection): Promise<readonly RelayCursor[]> {
    const [rows] = await connection.query<CursorRow[]>(SELECT_CURSORS, [topic]);
    const byPartition = new Map(rows.map((row) => [row.partition_id, row]));
    return Array.from({ length: partitionCount }, (_, partition) =>
      toCursor(partition, byPartition.get(partition)),
    );
  }

  async function writeCursors(
    connection: PoolConnection,
    cursors: readonly RelayCursor[],
  ): Promise<void> {
    for (const { partition, place, scannedPosition } of cursors) {
      await connection.query(UPDATE_CURSOR, [...values(place), scannedPosition, topic, partition]);
    }
  }

  /** Writes as the leader of `epoch`, or not at all. The lease's row is locked first, so no rewind can come between. */
  function asLeader(leaseStatement: string, owner: string, leadership: Leadership) {
    return inTransaction(pool, async (connection) => {
      const [result] = await connection.query<ResultSetHeader>(leaseStatement, [
        owner,
        leadership.epoch,
      ]);
      if (result.affectedRows === 0) return false;
      await writeCursors(connection, leadership.cursors);
      return true;
    });
  }

  return {
    acquire: (owner) =>
      inTransaction(pool, async (connection) => {
        const lease = await lockLease(connection);
        if (lease.holds === 1 && lease.owner !== owner) return undefined;
        await connection.query(TAKE_LEASE, [owner]);
        for (let partition = 0; partition < partitionCount; partition += 1) {
          await connection.query(INSERT_CURSOR, [topic, partition]);
        }
        return { epoch: lease.epoch + 1, cursors: await readCursors(connection) };
      }),
    reload: (owner) =>
      inTransaction(pool, async (connection) => {
        const { epoch, owner: holder } = await lockLease(connection);
        if (holder !== owner) return undefined;
        await connection.query(RENEW_LEASE, [owner, epoch]);
        return { epoch, cursors: await readCursors(connection) };
      }),
    save: (owner, leadership) => asLeader(RENEW_LEASE, owner, leadership),
    async release(owner, leadership) {
      await asLeader(END_LEASE, owner, leadership);
    },
    rewind: (partition, place, headIncarnation) =>
      inTransaction(pool, async (connection) => {
        await lockLease(connection);
        const cursor = (await readCursors(connection))[partition];
        if (cursor === undefined)
          throw new RangeError(`${topic} has no partition ${partition}: it has ${partitionCount}`);
        await writeCursors(connection, [rewoundCursor(cursor, place, headIncarnation)]);
        await connection.query(RAISE_EPOCH);
      }),
  };
}

async function lockLease(connection: PoolConnection): Promise<LeaseRow> {
  const [rows] = await connection.query<LeaseRow[]>(SELECT_LEASE);
  const lease = rows[0];
  if (lease === undefined)
    throw new Error(`Table relay_lease has no row '${LEASE}': run the migrations`);
  return lease;
}

function toCursor(partition: number, row: CursorRow | undefined): RelayCursor {
  if (row === undefined) return { partition, place: START, scannedPosition: 0 };
  const { incarnation, position, part } = row;
  return {
    partition,
    place: { incarnation, position, part },
    scannedPosition: row.scanned_position,
  };
}

function values(place: Place): readonly number[] {
  return [place.incarnation, place.position, place.part];
}
