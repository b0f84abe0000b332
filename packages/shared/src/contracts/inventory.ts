// inventory.v1: what inventory has decided about stock. Key: productId.
import { z } from 'zod';
import {
  instantSchema,
  lineSchema,
  orderIdSchema,
  productIdSchema,
  quantitySchema,
  rejectionReason1Schema,
  rejectionReasonSchema,
  stockSchema,
} from './ids.ts';
import { firstVersion, type DataOf } from './schemaVersions.ts';

const lineDecision = {
  productId: productIdSchema,
  orderId: orderIdSchema,
  line: lineSchema,
  quantity: quantitySchema,
  /** What is available after this decision. */
  availableQuantity: stockSchema,
  at: instantSchema,
};

const productAddedSchema = z
  .object({
    productId: productIdSchema,
    uuid: z.uuid(),
    name: z.string().min(1).max(255),
    quantity: stockSchema,
    at: instantSchema,
  })
  .readonly();

/** `sold`: the line stood alone, so it is final at once; otherwise it is held until its order is decided. */
const stockReservedSchema = z.object({ ...lineDecision, sold: z.boolean() }).readonly();

const stockRejected1Schema = z
  .object({ ...lineDecision, reason: rejectionReason1Schema })
  .readonly();
const stockRejectedSchema = z.object({ ...lineDecision, reason: rejectionReasonSchema }).readonly();

const stockReleasedSchema = z.object(lineDecision).readonly();
const stockSoldSchema = z.object(lineDecision).readonly();

/** The messages of inventory.v1, by type, with all their versions. */
export const inventoryMessageSchemas = {
  ProductAdded: firstVersion(productAddedSchema),
  StockReserved: firstVersion(stockReservedSchema),
  /** Version 2 may say that the request was dropped. */
  StockRejected: firstVersion(stockRejected1Schema).next(stockRejectedSchema, (data) => data),
  StockReleased: firstVersion(stockReleasedSchema),
  StockSold: firstVersion(stockSoldSchema),
} as const;

export type InventoryMessage = {
  [Type in keyof typeof inventoryMessageSchemas]: {
    type: Type;
    data: DataOf<(typeof inventoryMessageSchemas)[Type]>;
  };
}[keyof typeof inventoryMessageSchemas];
