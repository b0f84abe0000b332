// The gateway's orders, as they come in one long-lived stream: each is placed by itself and answered when it is decided.
import type { Socket } from 'node:net';
import { QUANTITY_LIMIT } from '@orderflow/shared/contracts/ids.ts';
import {
  answerLine,
  ORDER_STREAM,
  orderLineSchema,
  streamedOrderSchema,
  type OrderAnswer,
} from '@orderflow/shared/contracts/orderStream.ts';
import { createLineStream } from '@orderflow/shared/http/lineStream.ts';
import {
  demoMessage,
  logProblem,
  problemOf,
  RequestRefusal,
  retryAfterSecondsOf,
} from '@orderflow/shared/http/problem.ts';
import type { UpgradeTo } from '@orderflow/shared/http/upgrade.ts';
import { parseRequest } from '@orderflow/shared/http/validate.ts';
import type { Logger } from '@orderflow/shared/runtime/logger.ts';
import { sumLines, type RequestOrder } from '../domain/decideOrder.ts';
import { confirmedAnswer, rejectedAnswer } from './answers.ts';
import { hmacOfRequest, placeOrder, type PlacedOrder, type PlaceOrderDeps } from './placeOrder.ts';

export interface OrderStreamDeps extends PlaceOrderDeps {
  readonly idempotencySecret: string;
  /** The time, ISO 8601 with milliseconds. */
  readonly now: () => string;
  readonly logger: Logger;
}

/** Takes the streams that gateways open. */
export function createOrderStream(deps: OrderStreamDeps): UpgradeTo {
  const { protocol, path } = ORDER_STREAM;
  return {
    protocol,
    path,
    take: (socket, head, leaving) => {
      serve(deps, socket, head, leaving);
    },
  };
}

/**
 * Serves one stream to its end. It is the gateway that ends it, once it has all answers: ending it here would race with
 * orders that are on their way. A stream that breaks stops nothing: what has arrived is placed all the same.
 */
function serve(deps: OrderStreamDeps, socket: Socket, head: Buffer, leaving: AbortSignal): void {
  const startedAt = performance.now();
  // Told by one line at the end of the turn, and not at all of orders whose answers go out in the same moment.
  const acceptedNow = new Set<number>();
  let orders = 0;
  const stream = createLineStream(socket, head, {
    lineLimitBytes: ORDER_STREAM.orderLimitBytes,
    onLines: (lines) => {
      orders += lines.length;
      for (const line of lines) take(line);
      if (stream.isFull()) stream.pause();
    },
    onFlush: () => {
      if (acceptedNow.size > 0) stream.write(JSON.stringify({ accepted: [...acceptedNow] }));
      acceptedNow.clear();
    },
    onDrain: () => {
      stream.resume();
    },
    onClose: (error) => {
      leaving.removeEventListener('abort', askToLeave);
      const durationMs = Math.round(performance.now() - startedAt);
      const line = { path: ORDER_STREAM.path, orders, durationMs };
      if (error === undefined) deps.logger.info(line, 'stream');
      else deps.logger.warn({ ...line, err: error }, 'a stream of orders broke');
    },
  });

  function askToLeave(): void {
    stream.write(JSON.stringify({ leaving: true }));
  }

  /** Throws for a line that is no numbered order: nobody could be answered, so the stream is of no use. */
  function take(line: string): void {
    const order = orderLineSchema.parse(JSON.parse(line));
    const onAccepted = (): void => {
      acceptedNow.add(order.n);
      stream.flushSoon();
    };
    void answerOrder(deps, order, onAccepted).then((answered) => {
      acceptedNow.delete(order.n);
      stream.write(answerLine(order.n, answered));
    });
  }

  leaving.addEventListener('abort', askToLeave);
}

/** Places one order and gives its answer. Never throws: what went wrong is an answer, too. */
export async function answerOrder(
  deps: OrderStreamDeps,
  order: Readonly<Record<string, unknown>>,
  onAccepted: () => void = () => undefined,
): Promise<OrderAnswer> {
  const correlationId = String(order.correlationId);
  try {
    const { waitMs, traceparent, ...asked } = parseRequest(streamedOrderSchema, order);
    const metadata = {
      correlationId,
      causationId: correlationId,
      ...(traceparent === undefined ? {} : { traceparent }),
    };
    const command = toCommand(deps, asked);
    return placedAnswer(await placeOrder(deps, command, metadata, { waitMs, onAccepted }));
  } catch (error) {
    const problem = problemOf(error, correlationId);
    logProblem(deps.logger.child({ correlationId }), error, problem);
    const { status, detail } = problem;
    return {
      ...{ status, exists: false, retryAfterSeconds: retryAfterSecondsOf(status) },
      body: JSON.stringify(demoMessage(detail)),
    };
  }
}

function toCommand(
  deps: Pick<OrderStreamDeps, 'idempotencySecret' | 'now'>,
  { orderId, userId, lines: given }: Pick<RequestOrder, 'orderId' | 'userId' | 'lines'>,
): RequestOrder {
  const lines = sumLines(given);
  const tooMany = lines.find(({ quantity }) => quantity > QUANTITY_LIMIT);
  if (tooMany !== undefined)
    throw new RequestRefusal(
      'invalid',
      `At most ${QUANTITY_LIMIT} pieces of product ${tooMany.productId} can be ordered at once`,
    );
  const requestHmac = hmacOfRequest(deps.idempotencySecret, { userId, lines });
  return { type: 'RequestOrder', orderId, userId, lines, requestHmac, at: deps.now() };
}

function placedAnswer(placed: PlacedOrder): OrderAnswer {
  switch (placed.kind) {
    case 'unknown_user':
      return reply(409, demoMessage('No user exists with the given ID'), false);
    case 'id_taken_by_another_request':
      throw new RequestRefusal(
        'key_reused',
        'This Idempotency-Key was used for another order: send the same body again, or take a new key',
      );
    case 'undecided':
      return reply(202, demoMessage('Order accepted, not decided yet'));
    case 'decided': {
      const { order, products } = placed;
      return order.reason === null
        ? reply(200, confirmedAnswer(order, products))
        : reply(409, rejectedAnswer(order.reason));
    }
  }
}

function reply(status: number, body: object, exists = true): OrderAnswer {
  return { status, exists, body: JSON.stringify(body) };
}
