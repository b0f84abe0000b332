// The orders' events as stored JSON: every schema version ever written.
import { z } from 'zod';
import {
  instantSchema,
  lineIndexSchema,
  LINES_LIMIT,
  orderIdSchema,
  productIdSchema,
  quantitySchema,
  stockSchema,
  userIdSchema,
} from '@orderflow/shared/contracts/ids.ts';
import { createEventCodec } from '@orderflow/shared/eventstore/eventCodec.ts';
import type { OrderEvent } from './domain/order.ts';

const requestedLine = { productId: productIdSchema, quantity: quantitySchema };
const lineReservation = {
  availableQuantity: stockSchema,
  stockChangedAt: instantSchema,
  cartLineId: z.int().min(1),
  cartLineUuid: z.uuid(),
};
const linesOf = <Line extends z.ZodRawShape>(line: Line) =>
  z.array(z.object(line).readonly()).min(1).max(LINES_LIMIT).readonly();

const orderRequested = z.object({
  orderId: orderIdSchema,
  userId: userIdSchema,
  lines: linesOf(requestedLine),
  requestHmac: z.string().regex(/^[0-9a-f]{64}$/),
  at: instantSchema,
});

const orderLineReserved = z.object({
  orderId: orderIdSchema,
  lineIndex: lineIndexSchema,
  ...lineReservation,
  at: instantSchema,
});

const orderConfirmed = z.object({
  orderId: orderIdSchema,
  userId: userIdSchema,
  lines: linesOf({ ...requestedLine, ...lineReservation }),
  at: instantSchema,
});

const orderRejected = z.object({
  orderId: orderIdSchema,
  userId: userIdSchema,
  lines: linesOf(requestedLine),
  rejectedLineIndex: lineIndexSchema,
  reason: z.enum(['unknown_product', 'out_of_stock']),
  at: instantSchema,
});

/**
 * The codec of the orders' log. Version 2 of OrderRequested says what version 1 says; but from it on, the order's row is
 * written by its decision. A build before it would look for that row and park the decision: so it meets a version that
 * it does not know, and waits until this build has taken over.
 */
export const orderCodec = createEventCodec<OrderEvent>({
  OrderRequested: [orderRequested.readonly(), orderRequested.readonly()],
  OrderLineReserved: [orderLineReserved.readonly()],
  OrderConfirmed: [orderConfirmed.readonly()],
  OrderRejected: [orderRejected.readonly()],
});
