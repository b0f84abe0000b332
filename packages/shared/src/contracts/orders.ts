// orders.v1: what orders asks of stock and what became of each line. Key: productId, one message per order line.
import { z } from 'zod';
import {
  instantSchema,
  lineSchema,
  orderIdSchema,
  productIdSchema,
  quantitySchema,
} from './ids.ts';

const orderLine = {
  orderId: orderIdSchema,
  productId: productIdSchema,
  line: lineSchema,
  quantity: quantitySchema,
  at: instantSchema,
};

export const orderRequestedSchema = z.object(orderLine).readonly();
export const orderConfirmedSchema = z.object(orderLine).readonly();
export const orderRejectedSchema = z
  .object({ ...orderLine, reason: z.enum(['unknown_product', 'out_of_stock']) })
  .readonly();

/** The messages of orders.v1, by type. */
export const ordersMessageSchemas = {
  OrderRequested: orderRequestedSchema,
  OrderConfirmed: orderConfirmedSchema,
  OrderRejected: orderRejectedSchema,
} as const;

export type OrdersMessage = {
  [Type in keyof typeof ordersMessageSchemas]: {
    type: Type;
    data: z.infer<(typeof ordersMessageSchemas)[Type]>;
  };
}[keyof typeof ordersMessageSchemas];
