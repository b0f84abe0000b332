// The orders' events as stored JSON: every schema version ever written.
import { z } from 'zod';
import {
  instantSchema,
  lineIndexSchema,
  LINES_LIMIT,
  orderIdSchema,
  productIdSchema,
  quantitySchema,
  rejectionReason1Schema,
  rejectionReasonSchema,
  stockSchema,
  userIdSchema,
} from '@orderflow/shared/contracts/ids.ts';
import { firstVersion } from '@orderflow/shared/contracts/schemaVersions.ts';
import { createEventCodec, type EventSchemas } from '@orderflow/shared/eventstore/eventCodec.ts';
import type { OrderEvent } from './domain/order.ts';
import { upcastOrderRejected, upcastOrderRequested } from './upcasters.ts';

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

const orderRejected1 = z.object({
  orderId: orderIdSchema,
  userId: userIdSchema,
  lines: linesOf(requestedLine),
  rejectedLineIndex: lineIndexSchema,
  reason: rejectionReason1Schema,
  at: instantSchema,
});
const orderRejected = orderRejected1.extend({ reason: rejectionReasonSchema });

/** By event type, all versions ever written. */
export const orderEventSchemas: EventSchemas<OrderEvent> = {
  OrderRequested: firstVersion(orderRequested.readonly()).next(
    orderRequested.readonly(),
    upcastOrderRequested.from1,
  ),
  OrderLineReserved: firstVersion(orderLineReserved.readonly()),
  OrderConfirmed: firstVersion(orderConfirmed.readonly()),
  OrderRejected: firstVersion(orderRejected1.readonly()).next(
    orderRejected.readonly(),
    upcastOrderRejected.from1,
  ),
};

/** The codec of the orders' log. */
export const orderCodec = createEventCodec(orderEventSchemas);
