// What there is: one row a product, with its stock. The unique name is kept here, since no single stream can keep it.
import { EntitySchema } from 'typeorm';
import { z } from 'zod';
import { productIdSchema, type ProductId } from '@orderflow/shared/contracts/ids.ts';
import { inventoryMessageSchemas } from '@orderflow/shared/contracts/inventory.ts';
import { projectionOf } from '@orderflow/shared/eventstore/projectionOf.ts';
import type { Projection, ReadModelTable, Rows } from '@orderflow/shared/eventstore/projection.ts';
import { queryRows } from '@orderflow/shared/runtime/database.ts';
import type { Queryable } from '@orderflow/shared/runtime/transaction.ts';
import type { ProductEvent } from '../domain/product.ts';

/** The constraint that gives a name to one product: two additions at once meet here, not in the code. */
export const NAME_TAKEN = 'uq_products_name_key';

const productsTable: ReadModelTable = {
  name: 'products',
  key: ['product_id'],
  columns: [
    'product_id',
    'uuid',
    'name',
    'name_key',
    'added_quantity',
    'available_quantity',
    'held_quantity',
    'sold_quantity',
    'created_at',
    'updated_at',
  ],
};

const quantity = { type: 'int', unsigned: true } as const;

export const productsEntity = new EntitySchema({
  name: 'products',
  columns: {
    product_id: { type: 'bigint', unsigned: true, primary: true },
    uuid: { type: 'char', length: 36 },
    name: { type: 'varchar', length: 255 },
    name_key: { type: 'varchar', length: 512 },
    added_quantity: quantity,
    available_quantity: quantity,
    held_quantity: quantity,
    sold_quantity: quantity,
    created_at: { type: 'char', length: 24 },
    updated_at: { type: 'char', length: 24 },
  },
  uniques: [{ name: NAME_TAKEN, columns: ['name_key'] }],
});

const productRow = z.object({
  product_id: productIdSchema,
  uuid: z.string(),
  name: z.string(),
  name_key: z.string(),
  added_quantity: z.int(),
  available_quantity: z.int(),
  held_quantity: z.int(),
  sold_quantity: z.int(),
  created_at: z.string(),
  updated_at: z.string(),
});

const stockProjection: Projection<ProductEvent> = {
  name: 'products',
  tables: [productsTable],
  // A rejection changes nothing, and its product may not even exist.
  rowsOf: (event) =>
    event.type === 'StockRejected'
      ? []
      : [{ table: productsTable.name, key: [event.data.productId] }],
  apply(event, rows) {
    switch (event.type) {
      case 'ProductAdded':
        rows.put(productsTable.name, added(event.data));
        return;
      case 'StockReserved':
        change(rows, event.data, event.data.sold ? { held: 0, sold: 1 } : { held: 1, sold: 0 });
        return;
      case 'StockReleased':
        change(rows, event.data, { held: -1, sold: 0 });
        return;
      case 'StockSold':
        change(rows, event.data, { held: -1, sold: 1 });
        return;
      case 'StockRejected':
        return;
    }
  },
};

/** Folds stock events into `products`. `updated_at` is when `available_quantity` changed last. */
export const productsProjection = projectionOf(inventoryMessageSchemas, stockProjection);

function added(data: Extract<ProductEvent, { type: 'ProductAdded' }>['data']) {
  return {
    product_id: data.productId,
    uuid: data.uuid,
    name: data.name,
    // A name in other capitals is the same name. Some capitals become two characters: the column is wider than `name`.
    name_key: data.name.toLowerCase(),
    added_quantity: data.quantity,
    available_quantity: data.quantity,
    held_quantity: 0,
    sold_quantity: 0,
    created_at: data.at,
    updated_at: data.at,
  };
}

function change(
  rows: Rows,
  data: Extract<ProductEvent, { type: 'StockSold' }>['data'],
  sign: { readonly held: number; readonly sold: number },
): void {
  const row = productRow.parse(rows.get(productsTable.name, data.productId));
  rows.put(productsTable.name, {
    ...row,
    available_quantity: data.availableQuantity,
    held_quantity: row.held_quantity + sign.held * data.quantity,
    sold_quantity: row.sold_quantity + sign.sold * data.quantity,
    updated_at: row.available_quantity === data.availableQuantity ? row.updated_at : data.at,
  });
}

/** A product as the list shows one. */
export interface ListedProduct {
  readonly productId: ProductId;
  readonly uuid: string;
  readonly name: string;
  readonly availableQuantity: number;
  readonly createdAt: string;
  readonly updatedAt: string;
}

/** What can be asked about products. */
export interface ProductQueries {
  /** At most `limit` products with an id above `after`, by id. */
  list(after: number, limit: number): Promise<readonly ListedProduct[]>;
}

const listedProduct = productRow
  .omit({ name_key: true, added_quantity: true, held_quantity: true, sold_quantity: true })
  .transform((row): ListedProduct => ({
    productId: row.product_id,
    uuid: row.uuid,
    name: row.name,
    availableQuantity: row.available_quantity,
    createdAt: row.created_at,
    updatedAt: row.updated_at,
  }));

/** The queries on the service's own database. Each throws a retryable AppError when it cannot be reached. */
export function createProductQueries(database: Queryable): ProductQueries {
  return {
    list: (after, limit) =>
      queryRows(
        database,
        listedProduct,
        `SELECT product_id, uuid, name, available_quantity, created_at, updated_at
          FROM products WHERE product_id > ? ORDER BY product_id LIMIT ?`,
        [after, limit],
      ),
  };
}
