// The ids and small values that stand in several services' messages.
import { z } from 'zod';

/** Ids from a counter: they fit a JavaScript number and a BIGINT column. */
const counterId = z.int().min(1).max(Number.MAX_SAFE_INTEGER);

export const userIdSchema = counterId.brand<'UserId'>();
export type UserId = z.infer<typeof userIdSchema>;

export const productIdSchema = counterId.brand<'ProductId'>();
export type ProductId = z.infer<typeof productIdSchema>;

export const orderIdSchema = z.uuid().toLowerCase().brand<'OrderId'>();
export type OrderId = z.infer<typeof orderIdSchema>;

/** A moment: ISO 8601, UTC, milliseconds, as `Date.prototype.toISOString` writes it. */
export const instantSchema = z.iso.datetime({ precision: 3 });

/** Pieces of one product in one order at most. */
export const QUANTITY_LIMIT = 10_000;
/** Pieces of one product that may exist in all. */
export const STOCK_LIMIT = 1_000_000_000;
/** Lines of one order at most. */
export const LINES_LIMIT = 50;

export const quantitySchema = z.int().min(1).max(QUANTITY_LIMIT);
export const stockSchema = z.int().min(0).max(STOCK_LIMIT);
/** Why a line of an order, and with it the order, was refused: what version 1 of the messages could say. */
export const rejectionReason1Schema = z.enum(['unknown_product', 'out_of_stock']);

/** And today. `request_dropped`: its request could not be handled, and an operator has given it up. */
export const rejectionReasonSchema = z.enum(['unknown_product', 'out_of_stock', 'request_dropped']);
export type RejectionReason = z.infer<typeof rejectionReasonSchema>;

export const lineIndexSchema = z
  .int()
  .min(0)
  .max(LINES_LIMIT - 1);

/** Which line of an order a message is about, of how many (`index` is 0-based). */
export const lineSchema = z
  .object({ index: lineIndexSchema, of: z.int().min(1).max(LINES_LIMIT) })
  .readonly();
export type OrderLine = z.infer<typeof lineSchema>;
