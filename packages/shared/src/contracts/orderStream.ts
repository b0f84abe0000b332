// How orders travel from the gateway to the orders service: many clients' orders in one long-lived stream of lines.
// An upgraded connection, not a request whose body and answer never end: those would each need an exception from the
// server's time-out for bodies, from its drain and from its access log, and every line would be a chunk with a frame of
// its own.
import { z } from 'zod';
import {
  LINES_LIMIT,
  orderIdSchema,
  productIdSchema,
  quantitySchema,
  userIdSchema,
} from './ids.ts';

/** What `Upgrade` names, where, and the longest line each way in bytes. */
export const ORDER_STREAM = {
  protocol: 'orderflow-orders/1',
  path: '/internal/orders/stream',
  orderLimitBytes: 64 * 1024,
  replyLimitBytes: 1024 * 1024,
} as const;

/** An order on its way to orders, already validated by the gateway and given its id. */
export const streamedOrderSchema = z.object({
  orderId: orderIdSchema,
  userId: userIdSchema,
  lines: z
    .array(z.object({ productId: productIdSchema, quantity: quantitySchema }))
    .min(1)
    .max(LINES_LIMIT),
  /** What is left of the client's wait. */
  waitMs: z.number().min(0),
  correlationId: z.string(),
  traceparent: z.string().optional(),
});

/**
 * A line to orders. `n` numbers the orders of one stream: their ids would not do, as two requests with one
 * Idempotency-Key and different bodies have one id and different answers.
 */
export const orderLineSchema = z.looseObject({ n: z.int() });

/** What orders has to say of the orders of a stream. */
export type Reply =
  | { readonly kind: 'answer'; readonly n: number; readonly answer: OrderAnswer }
  /** These are in the log: whatever happens now, they will be decided. */
  | { readonly kind: 'accepted'; readonly orders: readonly number[] }
  /** The process ends: it finishes what it has, and wants no more. */
  | { readonly kind: 'leaving' };

/** The answer to an order, as the client gets it. */
export interface OrderAnswer {
  readonly status: number;
  /** True: the order exists, and the client is told its id and where to ask for it. */
  readonly exists: boolean;
  readonly retryAfterSeconds?: number | undefined;
  /** JSON, in the demo's shape. */
  readonly body: string;
}

/**
 * An answer's line: `n`, status, existence, Retry-After as JSON; then a tab, which JSON never holds raw, and the body:
 * nobody on the way parses it. An expression reads the few figures without the cost of JSON and a schema.
 */
const ANSWER = /^\[(\d{1,15}),(\d{3}),([01])(?:,(\d{1,9}))?\]\t/;

const noticeSchema = z.union([
  z.object({ accepted: z.array(z.int()) }),
  z.object({ leaving: z.literal(true) }),
]);

/** Writes an answer as a line. */
export function answerLine(n: number, answer: OrderAnswer): string {
  const { status, exists, retryAfterSeconds, body } = answer;
  const retryAfter = retryAfterSeconds === undefined ? '' : `,${retryAfterSeconds}`;
  return `[${n},${status},${exists ? 1 : 0}${retryAfter}]\t${body}`;
}

/** Reads a line of orders. Throws when it is none. */
export function parseReply(line: string): Reply {
  const [head, n, status, exists, retryAfterSeconds] = ANSWER.exec(line) ?? [];
  if (head === undefined) return parseNotice(line);
  const answer = {
    status: Number(status),
    exists: exists === '1',
    retryAfterSeconds: retryAfterSeconds === undefined ? undefined : Number(retryAfterSeconds),
    body: line.slice(head.length),
  };
  return { kind: 'answer', n: Number(n), answer };
}

function parseNotice(line: string): Reply {
  const notice = noticeSchema.parse(JSON.parse(line));
  return 'accepted' in notice ? { kind: 'accepted', orders: notice.accepted } : { kind: 'leaving' };
}
