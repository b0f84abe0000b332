// Makes a long log fast: rows are made in the server, in chunks, while commits need not be durable.
import type { Pool, PoolConnection, RowDataPacket } from 'mysql2/promise';

const CHUNK_ROWS = 50_000;

/** The log's shape: orders of two events each, as orders writes them, or one stream that holds all. */
export type LogShape = 'orders' | 'one-stream';

/** The stream of the shape 'one-stream'. */
export const LONG_STREAM = 'long-stream';

// An order's id, like the gateway's (UUID v7): it rises with time, its end is random. Two events each: (seq + 1) DIV 2.
const ORDER_ID = `LOWER(CONCAT(
  '0190', LPAD(HEX((seq + 1) DIV 2 DIV 4096), 4, '0'), '-', LPAD(HEX((seq + 1) DIV 2 % 4096), 4, '0'),
  '-7', SUBSTR(MD5((seq + 1) DIV 2), 1, 3), '-8', SUBSTR(MD5((seq + 1) DIV 2), 4, 3),
  '-', SUBSTR(MD5((seq + 1) DIV 2), 7, 12)))`;
const AT = '2026-01-01T00:00:00.000Z';
const LINE = `"productId":', seq % 1000 + 1, ',"quantity":1`;
const RESERVED = `"availableQuantity":', seq % 100000, ',"stockChangedAt":"${AT}","cartLineId":', seq, ',"cartLineUuid":"', ${ORDER_ID}, '"`;
const REQUESTED_DATA = `CONCAT('{"orderId":"', ${ORDER_ID}, '","userId":', seq % 2000 + 1, ',"lines":[{${LINE}}],"requestHmac":"', SHA2(seq, 256), '","at":"${AT}"}')`;
const CONFIRMED_DATA = `CONCAT('{"orderId":"', ${ORDER_ID}, '","userId":', seq % 2000 + 1, ',"lines":[{${LINE},${RESERVED}}],"at":"${AT}"}')`;
const RESERVED_DATA = `CONCAT('{"orderId":"', ${ORDER_ID}, '","lineIndex":0,${RESERVED},"at":"${AT}"}')`;
const METADATA = `CONCAT('{"correlationId":"', ${ORDER_ID}, '","causationId":"', ${ORDER_ID}, '"}')`;

/** stream_id, version, type and data of the row number `seq`. */
const SHAPES: Readonly<Record<LogShape, string>> = {
  orders: `CONCAT('order-', ${ORDER_ID}), 2 - seq % 2,
    IF(seq % 2 = 1, 'OrderRequested', 'OrderConfirmed'), 1,
    IF(seq % 2 = 1, ${REQUESTED_DATA}, ${CONFIRMED_DATA})`,
  'one-stream': `'${LONG_STREAM}', seq, 'OrderLineReserved', 1, ${RESERVED_DATA}`,
};

/**
 * Appends rows to an empty or filled log up to `rowCount`, as the administrator, and moves the head with them. Hashes are
 * no chain: only the last one of a stream matters for appends, and any value serves there.
 */
export async function fillLog(
  admin: Pool,
  database: string,
  shape: LogShape,
  from: number,
  rowCount: number,
): Promise<void> {
  const connection = await admin.getConnection();
  try {
    await connection.query('USE ??', [database]);
    await connection.query('SET SESSION sql_log_bin = 0');
    await connection.query('SET GLOBAL innodb_flush_log_at_trx_commit = 0');
    for (let first = from + 1; first <= rowCount; first += CHUNK_ROWS)
      await fillChunk(connection, shape, first, Math.min(first + CHUNK_ROWS - 1, rowCount));
    await connection.query('UPDATE log_head SET last_position = ?', [rowCount]);
  } finally {
    await connection.query('SET GLOBAL innodb_flush_log_at_trx_commit = 1');
    connection.destroy(); // its session writes no binary log
  }
}

async function fillChunk(
  connection: PoolConnection,
  shape: LogShape,
  first: number,
  last: number,
): Promise<void> {
  // seq_A_to_B is MariaDB's: a table of the whole numbers from A to B.
  await connection.query(
    `INSERT INTO events
      (incarnation, position, stream_id, version, type, schema_version, data, metadata, hash)
      SELECT 1, seq, ${SHAPES[shape]}, ${METADATA}, UNHEX(SHA2(seq, 256))
      FROM seq_${first}_to_${last}`,
  );
}

/**
 * The stream of the order to which the event number `seq` of a filled log belongs. Computed, not looked up: that would
 * bring the row into the server's memory before it is timed.
 */
export async function orderStreamOf(admin: Pool, seq: number): Promise<string> {
  const [rows] = await admin.query<RowDataPacket[]>(
    `SELECT CONCAT('order-', ${ORDER_ID}) AS stream FROM (SELECT ? AS seq) AS one`,
    [seq],
  );
  return String(rows[0]?.stream);
}
