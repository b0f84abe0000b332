// orders.v1: what orders asks of stock and what became of each line. Key: productId, one message per order line.
import { z } from 'zod';
import {
  instantSchema,
  lineSchema,
  orderIdSchema,
  productIdSchema,
  quantitySchema,
  rejectionReason1Schema,
  rejectionReasonSchema,
} from './ids.ts';
import { firstVersion, type DataOf } from './schemaVersions.ts';

const orderLine = {
  orderId: orderIdSchema,
  productId: productIdSchema,
  line: lineSchema,
  quantity: quantitySchema,
  at: instantSchema,
};

const orderRequestedSchema = z.object(orderLine).readonly();
const orderConfirmedSchema = z.object(orderLine).readonly();
const orderRejected1Schema = z.object({ ...orderLine, reason: rejectionReason1Schema }).readonly();
const orderRejectedSchema = z.object({ ...orderLine, reason: rejectionReasonSchema }).readonly();

/** The messages of orders.v1, by type, with all their versions. */
export const ordersMessageSchemas = {
  OrderRequested: firstVersion(orderRequestedSchema),
  OrderConfirmed: firstVersion(orderConfirmedSchema),
  /** Version 2 may say that the request was dropped. */
  OrderRejected: firstVersion(orderRejected1Schema).next(orderRejectedSchema, (data) => data),
} as const;

export type OrdersMessage = {
  [Type in keyof typeof ordersMessageSchemas]: {
    type: Type;
    data: DataOf<(typeof ordersMessageSchemas)[Type]>;
  };
}[keyof typeof ordersMessageSchemas];
