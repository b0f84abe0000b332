// A user's cart: one line per product that the user has a confirmed order of. Folded by the projection in orders.ts.
import { EntitySchema } from 'typeorm';
import { z } from 'zod';
import { productIdSchema, userIdSchema, type UserId } from '@orderflow/shared/contracts/ids.ts';
import type { ReadModelTable, Rows } from '@orderflow/shared/eventstore/projection.ts';
import { queryRows } from '@orderflow/shared/runtime/database.ts';
import type { Queryable } from '@orderflow/shared/runtime/transaction.ts';
import type { ConfirmedLine } from '../domain/order.ts';
import { createCartsTogether } from './cartsTogether.ts';
import { knownProduct, type KnownProduct } from './products.ts';

export const cartLinesTable: ReadModelTable = {
  name: 'cart_lines',
  key: ['user_id', 'product_id'],
  columns: [
    'user_id',
    'product_id',
    'cart_line_id',
    'uuid',
    'confirmed_order_count',
    'created_at',
    'updated_at',
  ],
};

export const cartLinesEntity = new EntitySchema({
  name: 'cart_lines',
  columns: {
    user_id: { type: 'bigint', unsigned: true, primary: true },
    product_id: { type: 'bigint', unsigned: true, primary: true },
    cart_line_id: { type: 'bigint', unsigned: true },
    uuid: { type: 'char', length: 36 },
    confirmed_order_count: { type: 'int', unsigned: true },
    created_at: { type: 'char', length: 24 },
    updated_at: { type: 'char', length: 24 },
  },
  uniques: [{ name: 'uq_cart_lines_cart_line_id', columns: ['cart_line_id'] }],
});

const cartLineRow = z.object({
  user_id: userIdSchema,
  product_id: productIdSchema,
  cart_line_id: z.int(),
  uuid: z.string(),
  confirmed_order_count: z.int(),
  created_at: z.string(),
  updated_at: z.string(),
});

/**
 * Counts a confirmed line into the user's cart and gives the cart line as it then stands. The ids in the event count
 * only for the first order of this user and product: who is first is known here, under the row's lock, and nowhere earlier.
 */
export function addToCart(
  rows: Rows,
  line: ConfirmedLine & { readonly userId: UserId; readonly at: string },
) {
  const { userId, productId, at } = line;
  const found = rows.get(cartLinesTable.name, userId, productId);
  const row =
    found === undefined
      ? {
          user_id: userId,
          product_id: productId,
          cart_line_id: line.cartLineId,
          uuid: line.cartLineUuid,
          confirmed_order_count: 0,
          created_at: at,
        }
      : cartLineRow.parse(found);
  const confirmedOrderCount = row.confirmed_order_count + 1;
  rows.put(cartLinesTable.name, {
    ...row,
    confirmed_order_count: confirmedOrderCount,
    updated_at: at,
  });
  return {
    id: row.cart_line_id,
    uuid: row.uuid,
    confirmedOrderCount,
    createdAt: row.created_at,
  };
}

/** A cart line with its product, as orders knows it. */
export interface ListedCartLine {
  readonly id: number;
  readonly uuid: string;
  readonly userId: UserId;
  readonly confirmedOrderCount: number;
  readonly createdAt: string;
  readonly updatedAt: string;
  readonly product: KnownProduct;
}

/** What can be asked about carts. */
export interface CartQueries {
  /** At most `limit` of the user's cart lines with an id above `after`, by id. */
  list(userId: UserId, after: number, limit: number): Promise<readonly ListedCartLine[]>;
}

const listedCartLine = cartLineRow
  .extend({
    product_uuid: z.string(),
    product_name: z.string(),
    product_available_quantity: z.int(),
    product_created_at: z.string(),
    product_updated_at: z.string(),
  })
  .transform((row): ListedCartLine => ({
    id: row.cart_line_id,
    uuid: row.uuid,
    userId: row.user_id,
    confirmedOrderCount: row.confirmed_order_count,
    createdAt: row.created_at,
    updatedAt: row.updated_at,
    product: knownProduct({
      product_id: row.product_id,
      uuid: row.product_uuid,
      name: row.product_name,
      available_quantity: row.product_available_quantity,
      created_at: row.product_created_at,
      updated_at: row.product_updated_at,
    }),
  }));

/** The queries on the service's own database. Each throws a retryable AppError when it cannot be reached. */
export function createCartQueries(database: Queryable): CartQueries {
  const own = cartLinesTable.columns.map((column) => `c.${column}`).join(', ');
  const linesWithProducts = `SELECT ${own}, p.uuid AS product_uuid, p.name AS product_name,
      p.available_quantity AS product_available_quantity,
      p.created_at AS product_created_at, p.updated_at AS product_updated_at
    FROM cart_lines AS c JOIN products AS p ON p.product_id = c.product_id`;
  return {
    list: createCartsTogether({
      one: (userId, after, limit) =>
        queryRows(
          database,
          listedCartLine,
          `${linesWithProducts}
            WHERE c.user_id = ? AND c.cart_line_id > ? ORDER BY c.cart_line_id LIMIT ?`,
          [userId, after, limit],
        ),
      many: (userIds, limit) =>
        queryRows(
          database,
          listedCartLine,
          `${linesWithProducts} WHERE c.user_id IN (?) ORDER BY c.user_id, c.cart_line_id LIMIT ?`,
          [userIds, limit],
        ),
    }),
  };
}
