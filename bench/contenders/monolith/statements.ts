// One order as single statements in one transaction.
import { randomUUID } from 'node:crypto';
import type { Pool, PoolConnection, ResultSetHeader, RowDataPacket } from 'mysql2/promise';
import { CART_WITH_PRODUCT, cartLineOf, productOf } from '../carts.ts';
import { retryLocked } from '../retryLocked.ts';
import { confirmed, refused, REFUSALS, type Answer } from '../shopServer.ts';

const UNKNOWN_PARENT_ROW = 1452;

/** Places an order. Rejects when the database cannot do it. */
export function placeByStatements(pool: Pool, userId: number, productId: number): Promise<Answer> {
  return retryLocked(() => placeOnce(pool, userId, productId));
}

async function placeOnce(pool: Pool, userId: number, productId: number): Promise<Answer> {
  const connection = await pool.getConnection();
  try {
    const answer = await placeInTransaction(connection, userId, productId);
    connection.release();
    return answer;
  } catch (error) {
    // It would go back to the pool with its transaction open.
    connection.destroy();
    if (isUnknownUser(error)) return refused(REFUSALS.unknownUser);
    throw error;
  }
}

async function placeInTransaction(
  connection: PoolConnection,
  userId: number,
  productId: number,
): Promise<Answer> {
  await connection.query('BEGIN');
  const [taken] = await connection.execute<ResultSetHeader>(
    `UPDATE products SET count = count - 1, updated_at = CURRENT_TIMESTAMP(3)
      WHERE id = ? AND count > 0`,
    [productId],
  );
  if (taken.affectedRows === 0) {
    await connection.query('ROLLBACK');
    return refused(await whyNotTaken(connection, productId));
  }
  await connection.execute(
    `INSERT INTO carts (uuid, user_id, inventory_id, count) VALUES (?, ?, ?, 1)
      ON DUPLICATE KEY UPDATE count = count + 1, updated_at = CURRENT_TIMESTAMP(3)`,
    [randomUUID(), userId, productId],
  );
  await connection.execute(
    'INSERT INTO placed_orders (uuid, user_id, inventory_id) VALUES (?, ?, ?)',
    [randomUUID(), userId, productId],
  );
  const [rows] = await connection.execute<RowDataPacket[]>(
    `SELECT ${CART_WITH_PRODUCT} FROM carts AS c JOIN products AS p ON p.id = c.inventory_id
      WHERE c.user_id = ? AND c.inventory_id = ?`,
    [userId, productId],
  );
  await connection.query('COMMIT');
  const [row] = rows;
  if (row === undefined) throw new Error('The cart line is not there');
  return confirmed(productOf(row), cartLineOf(row));
}

async function whyNotTaken(connection: PoolConnection, productId: number): Promise<string> {
  const [rows] = await connection.execute<RowDataPacket[]>('SELECT 1 FROM products WHERE id = ?', [
    productId,
  ]);
  return rows.length === 0 ? REFUSALS.unknownProduct : REFUSALS.outOfStock;
}

function isUnknownUser(error: unknown): boolean {
  return error instanceof Error && 'errno' in error && error.errno === UNKNOWN_PARENT_ROW;
}
