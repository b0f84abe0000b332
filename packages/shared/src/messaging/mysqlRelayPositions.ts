// The relay's lease and cursors in MySQL: each operation is one short transaction that begins with the lease's row.
import type { Pool, ResultSetHeader, RowDataPacket } from 'mysql2/promise';
import { inTransaction } from '../runtime/database.ts';
import type { Queryable, Transaction } from '../runtime/transaction.ts';
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

/** The positions of the relay that publishes to one topic. */
export class MysqlRelayPositions implements RelayPositions {
  readonly #pool: Pool;
  readonly #topic: string;
  readonly #partitionCount: number;

  constructor(pool: Pool, topic: string, partitionCount: number) {
    this.#pool = pool;
    this.#topic = topic;
    this.#partitionCount = partitionCount;
  }

  acquire(owner: string): Promise<Leadership | undefined> {
    return inTransaction(this.#pool, async (transaction) => {
      const lease = await lockLease(transaction);
      if (lease.holds === 1 && lease.owner !== owner) return undefined;
      await transaction.query(TAKE_LEASE, [owner]);
      for (let partition = 0; partition < this.#partitionCount; partition += 1) {
        transaction.later(INSERT_CURSOR, [this.#topic, partition]);
      }
      return { epoch: lease.epoch + 1, cursors: await this.#readCursors(transaction) };
    });
  }

  reload(owner: string): Promise<Leadership | undefined> {
    return inTransaction(this.#pool, async (transaction) => {
      const { epoch, owner: holder } = await lockLease(transaction);
      if (holder !== owner) return undefined;
      await transaction.query(RENEW_LEASE, [owner, epoch]);
      return { epoch, cursors: await this.#readCursors(transaction) };
    });
  }

  save(owner: string, leadership: Leadership): Promise<boolean> {
    return this.#writeAsLeader(RENEW_LEASE, owner, leadership);
  }

  async release(owner: string, leadership: Leadership): Promise<void> {
    await this.#writeAsLeader(END_LEASE, owner, leadership);
  }

  rewind(partition: number, place: Place, headIncarnation: number): Promise<void> {
    return inTransaction(this.#pool, async (transaction) => {
      await lockLease(transaction);
      const cursor = (await this.#readCursors(transaction))[partition];
      if (cursor === undefined)
        throw new RangeError(
          `${this.#topic} has no partition ${partition}: it has ${this.#partitionCount}`,
        );
      this.#writeCursors(transaction, [rewoundCursor(cursor, place, headIncarnation)]);
      await transaction.query(RAISE_EPOCH);
    });
  }

  /** As the leader of its epoch, or not at all. The lease's row is locked first, so no rewind can come between. */
  #writeAsLeader(statement: string, owner: string, leadership: Leadership): Promise<boolean> {
    return inTransaction(this.#pool, async (transaction) => {
      const values = [owner, leadership.epoch];
      const [result] = await transaction.query<ResultSetHeader>(statement, values);
      if (result.affectedRows === 0) return false;
      this.#writeCursors(transaction, leadership.cursors);
      return true;
    });
  }

  async #readCursors(transaction: Queryable): Promise<readonly RelayCursor[]> {
    const [rows] = await transaction.query<CursorRow[]>(SELECT_CURSORS, [this.#topic]);
    const byPartition = new Map(rows.map((row) => [row.partition_id, row]));
    return Array.from({ length: this.#partitionCount }, (_, partition) =>
      toCursor(partition, byPartition.get(partition)),
    );
  }

  #writeCursors(transaction: Transaction, cursors: readonly RelayCursor[]): void {
    for (const { partition, place, scannedPosition } of cursors) {
      const { incarnation, position, part } = place;
      transaction.later(UPDATE_CURSOR, [
        ...[incarnation, position, part, scannedPosition],
        ...[this.#topic, partition],
      ]);
    }
  }
}

async function lockLease(transaction: Queryable): Promise<LeaseRow> {
  const [rows] = await transaction.query<LeaseRow[]>(SELECT_LEASE);
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
