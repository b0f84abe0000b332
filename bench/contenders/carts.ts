// Carts as the one-process contenders on mysql2 read them, and the parts of their answers.
import type { Pool, RowDataPacket } from 'mysql2/promise';

/** Columns of a product and of a cart line, in one row. */
export const CART_WITH_PRODUCT = `
  c.id, c.uuid, c.user_id, c.inventory_id, c.count, c.created_at, c.updated_at,
  p.uuid AS product_uuid, p.name AS product_name, p.count AS product_count,
  p.created_at AS product_created_at, p.updated_at AS product_updated_at`;

/** The product in such a row, as answers show it. */
export function productOf(row: RowDataPacket) {
  return {
    id: Number(row.inventory_id),
    uuid: String(row.product_uuid),
    name: String(row.product_name),
    count: Number(row.product_count),
    created_at: row.product_created_at as unknown,
    updated_at: row.product_updated_at as unknown,
    deleted_at: null,
  };
}

/** The cart line in such a row, as answers show it. */
export function cartLineOf(row: RowDataPacket) {
  return {
    uuid: String(row.uuid),
    count: Number(row.count),
    id: Number(row.id),
    inventory_id: Number(row.inventory_id),
    user_id: Number(row.user_id),
    updated_at: row.updated_at as unknown,
    created_at: row.created_at as unknown,
  };
}

/** A user's cart lines, each with its product. */
export async function listCart(pool: Pool, userId: number): Promise<readonly unknown[]> {
  const [rows] = await pool.execute<RowDataPacket[]>(
    `SELECT ${CART_WITH_PRODUCT} FROM carts AS c JOIN products AS p ON p.id = c.inventory_id
      WHERE c.user_id = ? ORDER BY c.id LIMIT 10000`,
    [userId],
  );
  return rows.map((row) => ({ ...cartLineOf(row), deleted_at: null, inventory: productOf(row) }));
}
