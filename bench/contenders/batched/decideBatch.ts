// Many orders in one transaction: the products' rows are locked, the orders decided in memory, and the sums written.
import { randomUUID } from 'node:crypto';
import type { Pool, PoolConnection, RowDataPacket } from 'mysql2/promise';
import { CART_WITH_PRODUCT, cartLineOf, productOf } from '../carts.ts';
import { retryLocked } from '../retryLocked.ts';
import { confirmed, refused, REFUSALS, type Answer } from '../shopServer.ts';

/** An order as it was asked for. */
export interface Order {
  readonly userId: number;
  readonly productId: number;
}

/** Decides orders and gives their answers in order. Rejects when the database cannot do it. */
export function decideBatch(pool: Pool, orders: readonly Order[]): Promise<Answer[]> {
  return retryLocked(async () => {
    const connection = await pool.getConnection();
    try {
      const answers = await decideInTransaction(connection, orders);
      connection.release();
      return answers;
    } catch (error) {
      connection.destroy();
      throw error;
    }
  });
}

async function decideInTransaction(
  connection: PoolConnection,
  orders: readonly Order[],
): Promise<Answer[]> {
  await connection.query('BEGIN');
  // In the order of ids: two transactions cannot hold what the other one waits for.
  const productIds = [...new Set(orders.map(({ productId }) => productId))].sort((a, b) => a - b);
  const counts = await idsAndCounts(
    connection,
    'SELECT id, count FROM products WHERE id IN (?) ORDER BY id FOR UPDATE',
    productIds,
  );
  const userIds = [...new Set(orders.map(({ userId }) => userId))];
  const users = await idsAndCounts(
    connection,
    'SELECT id, 1 AS count FROM users WHERE id IN (?)',
    userIds,
  );
  const left = new Map(counts);
  const refusals = orders.map((order) => decide(order, left, users));
  const taken = orders.filter((_, index) => refusals[index] === undefined);
  if (taken.length === 0) {
    await connection.query('ROLLBACK');
    return refusals.map((refusal) => refused(refusal ?? ''));
  }
  const lines = await write(connection, taken, counts, left);
  await connection.query('COMMIT');
  return orders.map((order, index) => {
    const refusal = refusals[index];
    if (refusal !== undefined) return refused(refusal);
    const line = lines.get(keyOf(order.userId, order.productId));
    if (line === undefined) throw new Error('The cart line is not there');
    return confirmed(productOf(line), cartLineOf(line));
  });
}

function decide(
  { userId, productId }: Order,
  left: Map<number, number>,
  users: ReadonlyMap<number, number>,
): string | undefined {
  const count = left.get(productId);
  if (count === undefined) return REFUSALS.unknownProduct;
  if (!users.has(userId)) return REFUSALS.unknownUser;
  if (count === 0) return REFUSALS.outOfStock;
  left.set(productId, count - 1);
  return undefined;
}

async function write(
  connection: PoolConnection,
  taken: readonly Order[],
  counts: ReadonlyMap<number, number>,
  left: ReadonlyMap<number, number>,
): Promise<Map<string, RowDataPacket>> {
  const changed = [...left].filter(([id, count]) => counts.get(id) !== count);
  await connection.query(
    `UPDATE products SET updated_at = CURRENT_TIMESTAMP(3), count = CASE id
      ${changed.map(() => 'WHEN ? THEN ?').join(' ')} END WHERE id IN (?)`,
    [...changed.flat(), changed.map(([id]) => id)],
  );
  const lines = new Map<string, { order: Order; count: number }>();
  for (const order of taken) {
    const key = keyOf(order.userId, order.productId);
    lines.set(key, { order, count: (lines.get(key)?.count ?? 0) + 1 });
  }
  await connection.query(
    `INSERT INTO carts (uuid, user_id, inventory_id, count) VALUES ?
      ON DUPLICATE KEY UPDATE count = count + VALUES(count), updated_at = CURRENT_TIMESTAMP(3)`,
    [
      [...lines.values()].map(({ order, count }) => [
        randomUUID(),
        order.userId,
        order.productId,
        count,
      ]),
    ],
  );
  await connection.query('INSERT INTO placed_orders (uuid, user_id, inventory_id) VALUES ?', [
    taken.map(({ userId, productId }) => [randomUUID(), userId, productId]),
  ]);
  const [rows] = await connection.query<RowDataPacket[]>(
    `SELECT ${CART_WITH_PRODUCT} FROM carts AS c JOIN products AS p ON p.id = c.inventory_id
      WHERE (c.user_id, c.inventory_id) IN (?)`,
    [[...lines.values()].map(({ order }) => [order.userId, order.productId])],
  );
  return new Map(rows.map((row) => [keyOf(Number(row.user_id), Number(row.inventory_id)), row]));
}

function keyOf(userId: number, productId: number): string {
  return `${userId}/${productId}`;
}

async function idsAndCounts(
  connection: PoolConnection,
  sql: string,
  ids: readonly number[],
): Promise<Map<number, number>> {
  const [rows] = await connection.query<RowDataPacket[]>(sql, [ids]);
  return new Map(rows.map((row) => [Number(row.id), Number(row.count)]));
}
