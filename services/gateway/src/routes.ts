// The gateway's routes: which service answers what, and `POST /order`, the one that the gateway has a part in.
import { randomBytes } from 'node:crypto';
import type { Express, Request, Response } from 'express';
import { z } from 'zod';
import { demoMessage } from '@orderflow/shared/http/problem.ts';
import { contextOf } from '@orderflow/shared/http/requestContext.ts';
import { parseBody } from '@orderflow/shared/http/server.ts';
import { AppError } from '@orderflow/shared/runtime/appError.ts';
import { uuidV7, uuidV8FromKey } from './ids.ts';
import { parseIdempotencyKey, parseOrderRequest } from './orderRequest.ts';
import { placeOrder, type OrdersAnswer, type Placed } from './placeOrder.ts';
import { createProxy } from './proxy.ts';
import type { Upstream } from './upstream.ts';

/** Whose Idempotency-Key it is: nobody's in particular, until clients say who they are. */
const SUBJECT = 'anonymous';
/** Headers of orders' answer that the client gets; the body's type and length are set anew. */
const PASSED_ON = ['Order-Id', 'Location', 'Retry-After'] as const;

export interface GatewayDeps {
  readonly users: Upstream;
  readonly inventory: Upstream;
  readonly orders: Upstream;
  /** How long a client of `POST /order` waits. */
  readonly orderWaitMs: number;
  /** How long any other answer may take. */
  readonly upstreamTimeoutMs: number;
  /** Orders that may wait at once. */
  readonly waitingLimit: number;
  /** Aborted when the gateway must end: what still waits is answered at once. */
  readonly stopping: AbortSignal;
}

/** Adds the routes to an app. Paths match in any case and with a trailing slash (Express' default), as in the demo. */
export function gatewayRoutes(app: Express, deps: GatewayDeps): void {
  const users = createProxy(deps.users, deps.upstreamTimeoutMs);
  const inventory = createProxy(deps.inventory, deps.upstreamTimeoutMs);
  const orders = createProxy(deps.orders, deps.upstreamTimeoutMs);
  app.post('/user', users);
  app.get('/users', users);
  app.post('/inventory', inventory);
  app.get('/inventory', inventory);
  app.get('/order', orders);
  app.get('/v1/orders/:id', orders);
  app.get('/v1/orders/:id/history', orders);
  app.post('/order', ...parseBody(), orderPlacing(deps));
}

/**
 * The handler of `POST /order`: it gives the order its id, sends it, and answers what became of it. A client that goes
 * away cancels nothing: what it has sent may be decided already, and it can ask again by key or by id.
 */
function orderPlacing(deps: GatewayDeps) {
  let waiting = 0;
  return async (request: Request, response: Response): Promise<void> => {
    const { productId, userId } = parseOrderRequest(request.body);
    const key = parseIdempotencyKey(request.headers['idempotency-key']);
    if (waiting >= deps.waitingLimit) {
      const message = 'Too many orders are waiting, try again';
      throw new AppError('too_many_waiting', message, { retryable: true });
    }
    const orderId =
      key === undefined ? uuidV7(Date.now(), randomBytes(10)) : uuidV8FromKey(SUBJECT, key);
    const { correlationId, traceparent, logger } = contextOf(request);
    waiting += 1;
    try {
      const placed = await placeOrder({
        orders: deps.orders,
        order: { orderId, userId, lines: [{ productId, quantity: 1 }] },
        headers: {
          'x-request-id': correlationId,
          ...(traceparent === undefined ? {} : { traceparent }),
        },
        waitMs: deps.orderWaitMs,
        signal: deps.stopping,
        logger,
      });
      sendPlaced(response, orderId, placed);
    } finally {
      waiting -= 1;
    }
  };
}

function sendPlaced(response: Response, orderId: string, placed: Placed): void {
  switch (placed.kind) {
    case 'answered':
      sendAnswer(response, placed.answer);
      return;
    case 'unreached': {
      const message = 'The orders service is not available, try again';
      throw new AppError('service_unavailable', message, { retryable: true });
    }
    case 'unknown': {
      response.setHeader('Order-Id', orderId).setHeader('Location', `/v1/orders/${orderId}`);
      const message = `The outcome of order ${orderId} is unknown, ask GET /v1/orders/${orderId}`;
      throw new AppError('outcome_unknown', message, { retryable: false });
    }
  }
}

/** Orders' answers are in the demo's shape; its errors on an internal route are problem+json, and are put into it here. */
function sendAnswer(response: Response, answer: OrdersAnswer): void {
  for (const name of PASSED_ON) {
    const value = answer.headers[name.toLowerCase()];
    if (value !== undefined) response.setHeader(name, value);
  }
  response.status(answer.status);
  const type = answer.headers['content-type'] ?? '';
  if (type.startsWith('application/problem+json')) {
    const { detail } = problemSchema.parse(JSON.parse(answer.body.toString('utf8')));
    response.json(demoMessage(detail));
    return;
  }
  response.setHeader('Content-Type', type).send(answer.body);
}

const problemSchema = z.object({ detail: z.string() });
