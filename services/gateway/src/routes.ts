// The gateway's routes: which service answers what, and `POST /order`, the one that the gateway has a part in.
import type { Express, Request, Response } from 'express';
import type { OrderAnswer } from '@orderflow/shared/contracts/orderStream.ts';
import { demoMessage } from '@orderflow/shared/http/problem.ts';
import { contextOf } from '@orderflow/shared/http/requestContext.ts';
import { parseBody } from '@orderflow/shared/http/server.ts';
import { AppError } from '@orderflow/shared/runtime/appError.ts';
import { createOrderIds, uuidV8FromKey } from './ids.ts';
import { parseIdempotencyKey, parseOrderRequest } from './orderRequest.ts';
import type { OrderPlacing, Placed } from './placeOrder.ts';
import { createProxy } from './proxy.ts';
import type { Upstream } from './upstream.ts';

/** Whose Idempotency-Key it is: nobody's in particular, until clients say who they are. */
const SUBJECT = 'anonymous';

export interface GatewayDeps {
  readonly users: Upstream;
  readonly inventory: Upstream;
  readonly orders: Upstream;
  readonly placeOrder: OrderPlacing['place'];
  /** How long any answer may take, but for that to `POST /order`. */
  readonly upstreamTimeoutMs: number;
}

/** Adds the routes to an app. Paths match in any case and with a trailing slash (Express' default), as in the demo. */
export function gatewayRoutes(app: Express, deps: GatewayDeps): void {
  const users = createProxy(deps.users, deps.upstreamTimeoutMs);
  const inventory = createProxy(deps.inventory, deps.upstreamTimeoutMs);
  const orders = createProxy(deps.orders, deps.upstreamTimeoutMs);
  // First, as the routes are tried in this order: no other is asked for as often.
  app.post('/order', ...parseBody(), orderPlacing(deps));
  app.post('/user', users);
  app.get('/users', users);
  app.post('/inventory', inventory);
  app.get('/inventory', inventory);
  app.get('/order', orders);
  app.get('/v1/orders/:id', orders);
  app.get('/v1/orders/:id/history', orders);
}

/**
 * The handler of `POST /order`: it gives the order its id, sends it, and answers what became of it. A client that goes
 * away cancels nothing: what it has sent may be decided already, and it can ask again by key or by id.
 */
function orderPlacing(deps: GatewayDeps) {
  const newOrderId = createOrderIds();
  return async (request: Request, response: Response): Promise<void> => {
    const { productId, userId } = parseOrderRequest(request.body);
    const key = parseIdempotencyKey(request.headers['idempotency-key']);
    const orderId = key === undefined ? newOrderId() : uuidV8FromKey(SUBJECT, key);
    const { correlationId, traceparent } = contextOf(request);
    const lines = [{ productId, quantity: 1 }];
    const placed = await deps.placeOrder({ orderId, userId, lines, correlationId, traceparent });
    sendPlaced(response, orderId, placed);
  };
}

function sendPlaced(response: Response, orderId: string, placed: Placed): void {
  switch (placed.kind) {
    case 'answered':
      sendAnswer(response, orderId, placed.answer);
      return;
    case 'accepted':
      sayId(response, orderId).status(202).json(demoMessage('Order accepted, not decided yet'));
      return;
    case 'unreached': {
      const message = 'The orders service is not available, try again';
      throw new AppError('service_unavailable', message, { retryable: true });
    }
    case 'unknown': {
      sayId(response, orderId);
      const message = `The outcome of order ${orderId} is unknown, ask GET /v1/orders/${orderId}`;
      throw new AppError('outcome_unknown', message, { retryable: false });
    }
  }
}

/** Orders has made the body as the client gets it: it is passed on unread. */
function sendAnswer(response: Response, orderId: string, answer: OrderAnswer): void {
  if (answer.exists) sayId(response, orderId);
  if (answer.retryAfterSeconds !== undefined)
    response.setHeader('Retry-After', String(answer.retryAfterSeconds));
  response.status(answer.status).setHeader('Content-Type', 'application/json; charset=utf-8');
  response.end(answer.body);
}

function sayId(response: Response, orderId: string): Response {
  return response.setHeader('Order-Id', orderId).setHeader('Location', `/v1/orders/${orderId}`);
}
