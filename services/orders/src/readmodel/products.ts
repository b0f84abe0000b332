// What orders knows of products, from inventory's events: their names, and what was available after the last decision.
import { EntitySchema } from 'typeorm';
import { z } from 'zod';
import { productIdSchema, type ProductId } from '@orderflow/shared/contracts/ids.ts';
import {
  inventoryMessageSchemas,
  type InventoryMessage,
} from '@orderflow/shared/contracts/inventory.ts';
import { projectionOf } from '@orderflow/shared/eventstore/projectionOf.ts';
import type { Projection, ReadModelTable } from '@orderflow/shared/eventstore/projection.ts';
import { queryRows } from '@orderflow/shared/runtime/database.ts';
import type { Queryable } from '@orderflow/shared/runtime/transaction.ts';

const productsTable: ReadModelTable = {
  name: 'products',
  key: ['product_id'],
  columns: ['product_id', 'uuid', 'name', 'available_quantity', 'created_at', 'updated_at'],
};

export const productsEntity = new EntitySchema({
  name: 'products',
  columns: {
    product_id: { type: 'bigint', unsigned: true, primary: true },
    uuid: { type: 'char', length: 36 },
    name: { type: 'varchar', length: 255 },
    available_quantity: { type: 'int', unsigned: true },
    created_at: { type: 'char', length: 24 },
    updated_at: { type: 'char', length: 24 },
  },
});

const productRow = z.object({
  product_id: productIdSchema,
  uuid: z.string(),
  name: z.string(),
  available_quantity: z.int(),
  created_at: z.string(),
  updated_at: z.string(),
});

const stockProjection: Projection<InventoryMessage> = {
  name: 'products',
  tables: [productsTable],
  // A rejection changes nothing, and its product may not even exist.
  rowsOf: (event) =>
    event.type === 'StockRejected'
      ? []
      : [{ table: productsTable.name, key: [event.data.productId] }],
  apply(event, rows) {
    switch (event.type) {
      case 'ProductAdded': {
        const { productId, uuid, name, quantity, at } = event.data;
        rows.put(productsTable.name, {
          product_id: productId,
          uuid,
          name,
          available_quantity: quantity,
          created_at: at,
          updated_at: at,
        });
        return;
      }
      case 'StockReserved':
      case 'StockReleased':
      case 'StockSold': {
        const { productId, availableQuantity, at } = event.data;
        const row = productRow.parse(rows.get(productsTable.name, productId));
        const changed = row.available_quantity !== availableQuantity;
        rows.put(productsTable.name, {
          ...row,
          available_quantity: availableQuantity,
          updated_at: changed ? at : row.updated_at,
        });
        return;
      }
      case 'StockRejected':
        return;
    }
  },
};

/** Folds inventory's events into `products`; `updated_at` is when `available_quantity` changed last, as in inventory. */
export const productsProjection = projectionOf(inventoryMessageSchemas, stockProjection);

/** What never changes about a product. */
export interface Product {
  readonly productId: ProductId;
  readonly uuid: string;
  readonly name: string;
  readonly createdAt: string;
}

/** A product, as orders knows it. */
export interface KnownProduct extends Product {
  readonly availableQuantity: number;
  readonly updatedAt: string;
}

/** A row as a product. */
export function knownProduct(row: z.output<typeof productRow>): KnownProduct {
  return {
    productId: row.product_id,
    uuid: row.uuid,
    name: row.name,
    availableQuantity: row.available_quantity,
    createdAt: row.created_at,
    updatedAt: row.updated_at,
  };
}

/** What can be asked about products. */
export interface KnownProductQueries {
  /** Those of the products that orders has heard of. */
  find(productIds: readonly ProductId[]): Promise<ReadonlyMap<ProductId, KnownProduct>>;
}

/** The queries on the service's own database. Each throws a retryable AppError when it cannot be reached. */
export function createKnownProductQueries(database: Queryable): KnownProductQueries {
  return {
    async find(productIds) {
      if (productIds.length === 0) return new Map();
      const sql = `SELECT ${productsTable.columns.join(', ')} FROM products WHERE product_id IN (?)`;
      const rows = await queryRows(database, productRow, sql, [productIds]);
      return new Map(rows.map((row) => [row.product_id, knownProduct(row)]));
    },
  };
}

/** What the answers to orders need of products. */
export interface Products {
  /** Those of the products that orders has heard of. Throws a retryable AppError when the database cannot be reached. */
  find(productIds: readonly ProductId[]): Promise<ReadonlyMap<ProductId, Product>>;
}

/** Products remembered at most: about 10 MB with the longest names. */
const REMEMBERED_LIMIT = 10_000;

/** Asks for each product once and remembers it: what the answers need of it never changes. */
export function createProducts(
  queries: KnownProductQueries,
  rememberedLimit = REMEMBERED_LIMIT,
): Products {
  const remembered = new Map<ProductId, Product>();
  const asked = new Map<ProductId, Promise<ReadonlyMap<ProductId, Product>>>();

  function remember({ productId, uuid, name, createdAt }: KnownProduct): void {
    remembered.set(productId, { productId, uuid, name, createdAt });
    // A Map keeps its order, so the first is the oldest.
    for (const oldest of remembered.keys()) {
      if (remembered.size <= rememberedLimit) return;
      remembered.delete(oldest);
    }
  }

  /** One question, whoever asks meanwhile: after a start one commit may answer a thousand orders of one product. */
  async function ask(productIds: readonly ProductId[]): Promise<ReadonlyMap<ProductId, Product>> {
    try {
      const products = await queries.find(productIds);
      for (const product of products.values()) remember(product);
      return products;
    } finally {
      for (const productId of productIds) asked.delete(productId);
    }
  }

  return {
    async find(productIds) {
      const unasked = productIds.filter((id) => !remembered.has(id) && !asked.has(id));
      if (unasked.length > 0) {
        const answer = ask(unasked);
        for (const productId of unasked) asked.set(productId, answer);
      }
      // All at once, so that none that fails is left unheard.
      const found = await Promise.all(
        productIds.map(async (id) => remembered.get(id) ?? (await asked.get(id))?.get(id)),
      );
      return new Map(
        found.flatMap((product) => (product === undefined ? [] : [[product.productId, product]])),
      );
    },
  };
}
