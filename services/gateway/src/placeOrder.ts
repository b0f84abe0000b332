// `POST /order` on its way to the orders service: sent under one id until its outcome is known or the wait is over.
import { setTimeout as delay } from 'node:timers/promises';
import type { IncomingMessage } from 'node:http';
import type { Logger } from '@orderflow/shared/runtime/logger.ts';
import { send, UpstreamFailure, type Upstream } from './upstream.ts';

/** An order as orders' internal route takes it. */
interface InternalOrder {
  readonly orderId: string;
  readonly userId: number;
  readonly lines: readonly { readonly productId: number; readonly quantity: number }[];
}

/** What came of it. `unknown`: orders may have accepted it; `unreached`: it cannot have. */
export type Placed =
  | { readonly kind: 'answered'; readonly answer: OrdersAnswer }
  | { readonly kind: 'unknown' }
  | { readonly kind: 'unreached' };

/** An answer of orders, read to its end. */
export interface OrdersAnswer {
  readonly status: number;
  readonly headers: IncomingMessage['headers'];
  readonly body: Buffer;
}

/** One order's sending: `signal` ends it early when the gateway itself must end. */
export interface Placing {
  readonly orders: Upstream;
  readonly order: InternalOrder;
  readonly headers: Readonly<Record<string, string>>;
  readonly waitMs: number;
  readonly signal: AbortSignal;
  readonly logger: Logger;
}

/** Orders itself answers 202 when the wait is over; this is its time to do so. */
const ANSWER_GRACE_MS = 2_000;
const FIRST_PAUSE_MS = 50;
const LONGEST_PAUSE_MS = 500;
const ANSWER_LIMIT_BYTES = 1024 * 1024;

/**
 * Sends the order, and again while the connection is refused or breaks, until `waitMs` are over.
 *
 * The race that this stands: orders appends the order and dies (or its answer is lost) before the gateway hears of it.
 * Whether to send again must not depend on which it was, as nobody can know. It does not: the id was given here, it
 * names the order's stream, and a stream's first version can be written once. The second request finds the first one's
 * event, waits for the same decision and gives the same answer.
 *
 * After a request that may have arrived, a refusal for want of capacity (5xx) says nothing about the first one, so it
 * cannot be passed on as 'not placed': it counts as unknown, and is asked again.
 */
export async function placeOrder(placing: Placing): Promise<Placed> {
  const deadline = performance.now() + placing.waitMs;
  const { logger, signal } = placing;
  const { orderId } = placing.order;
  let mayHaveArrived = false;
  for (let pauseMs = FIRST_PAUSE_MS; ; pauseMs = Math.min(pauseMs * 2, LONGEST_PAUSE_MS)) {
    const tried = await tryOnce(placing, Math.max(0, deadline - performance.now()));
    if (tried.kind === 'answered' && isOutcome(tried.answer.status, mayHaveArrived)) return tried;
    if (tried.kind !== 'unreached') mayHaveArrived = true;
    if (signal.aborted || performance.now() + pauseMs >= deadline) break;
    if (pauseMs === FIRST_PAUSE_MS) logger.warn({ orderId }, 'orders gave no outcome, sent again');
    // Half of it by chance, or all that a restart has cut off would come back in one moment.
    await delay(pauseMs * (0.5 + Math.random() / 2));
  }
  return { kind: mayHaveArrived ? 'unknown' : 'unreached' };
}

/**
 * Every answer below 500 is one, and a first 503: orders says so only of a request that has done nothing. 504: it could
 * not find out itself whether its append was committed; 500: a bug, before the append or after it. Asked again, it can
 * tell.
 */
function isOutcome(status: number, mayHaveArrived: boolean): boolean {
  return status < 500 || (status === 503 && !mayHaveArrived);
}

async function tryOnce(placing: Placing, waitMs: number): Promise<Placed> {
  const { orders, order, headers, signal, logger } = placing;
  try {
    const answer = await send(orders, {
      method: 'POST',
      path: '/internal/orders',
      headers: {
        ...headers,
        'content-type': 'application/json',
        // RFC 7240, section 4.3: what is left of the wait. Without it orders would wait its full time in every try.
        prefer: `wait=${Math.ceil(waitMs / 1000)}`,
      },
      body: Buffer.from(JSON.stringify(order)),
      timeoutMs: waitMs + ANSWER_GRACE_MS,
      signal,
    });
    return { kind: 'answered', answer: await readAnswer(answer) };
  } catch (error) {
    const unreached = error instanceof UpstreamFailure && error.nothingSent;
    // Debug: while orders is down, every waiting order comes by here some twenty times.
    logger.debug({ err: error, orderId: order.orderId, unreached }, 'orders gave no answer');
    return { kind: unreached ? 'unreached' : 'unknown' };
  }
}

/** Reads an answer to its end. Throws when it breaks off, stands still, or is larger than any that orders gives. */
async function readAnswer(answer: IncomingMessage): Promise<OrdersAnswer> {
  const { statusCode, headers } = answer;
  if (statusCode === undefined) throw new Error('An answer without a status');
  answer.setTimeout(ANSWER_GRACE_MS, () => {
    answer.destroy(new Error(`the answer stood still for ${ANSWER_GRACE_MS} ms`));
  });
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of answer as AsyncIterable<Buffer>) {
    bytes += chunk.length;
    if (bytes > ANSWER_LIMIT_BYTES) throw new Error(`an answer over ${ANSWER_LIMIT_BYTES} bytes`);
    chunks.push(chunk);
  }
  return { status: statusCode, headers, body: Buffer.concat(chunks) };
}
