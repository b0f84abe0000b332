// The orders service's routes: the gateway's internal one that places orders, the demo's list, and /v1.
import { Router, type Request, type Response } from 'express';
import { QUANTITY_LIMIT } from '@orderflow/shared/contracts/ids.ts';
import { sendDemoList } from '@orderflow/shared/http/demoList.ts';
import { metadataOf } from '@orderflow/shared/http/metadata.ts';
import { demoMessage, RequestRefusal } from '@orderflow/shared/http/problem.ts';
import { parseBody } from '@orderflow/shared/http/server.ts';
import { parseRequest } from '@orderflow/shared/http/validate.ts';
import { sumLines, type RequestOrder } from '../domain/decideOrder.ts';
import { orderStream } from '../domain/order.ts';
import type { CartQueries } from '../readmodel/cartLines.ts';
import type { OrderQueries } from '../readmodel/orders.ts';
import { confirmedAnswer, demoCartLine, orderAnswer, rejectedAnswer } from './answers.ts';
import { hmacOfRequest, placeOrder, type PlacedOrder, type PlaceOrderDeps } from './placeOrder.ts';
import { listCartQuery, orderIdParams, placeOrderBody } from './schemas.ts';

export interface OrderRoutesDeps extends PlaceOrderDeps {
  readonly orders: OrderQueries;
  readonly carts: CartQueries;
  readonly idempotencySecret: string;
  /** The time, ISO 8601 with milliseconds. */
  readonly now: () => string;
}

/** The routes. Paths match in any case and with a trailing slash, as in the demo. */
export function createOrderRoutes(deps: OrderRoutesDeps): Router {
  const router = Router();
  const body = parseBody();

  router.post('/internal/orders', ...body, async (request, response) => {
    const command = toCommand(deps, request);
    const metadata = metadataOf(request);
    const placed = await placeOrder(deps, command, metadata, preferredWaitMs(request));
    sendPlaced(response, command.orderId, placed);
  });

  router.get('/order', ...body, async (request, response) => {
    const { userId, after } = parseRequest(listCartQuery, {
      ...request.query,
      userId: request.query.userId ?? userIdInBody(request),
    });
    await sendDemoList(response, {
      after,
      read: (from, limit) => deps.carts.list(userId, from, limit),
      idOf: ({ id }) => id,
      show: demoCartLine,
      path: `/order?userId=${userId}`,
    });
  });

  router.get('/v1/orders/:orderId', async (request, response) => {
    const { orderId } = parseRequest(orderIdParams, request.params);
    const order = await deps.orders.find(orderId);
    if (order === undefined) throw new RequestRefusal('not_found', `There is no order ${orderId}`);
    response.json(orderAnswer(order));
  });

  router.get('/v1/orders/:orderId/history', async (request, response) => {
    const { orderId } = parseRequest(orderIdParams, request.params);
    const streamId = orderStream(orderId);
    const recorded = (await deps.readStreams([streamId])).get(streamId);
    if (recorded === undefined)
      throw new RequestRefusal('not_found', `There is no order ${orderId}`);
    response.json({
      id: orderId,
      events: recorded.map(({ event: { type, data }, version }) => {
        // How a repeated request is told from another one is nobody's business outside. (JSON leaves `undefined` out.)
        return { type, version, at: data.at, data: { ...data, requestHmac: undefined } };
      }),
    });
  });

  return router;
}

/** RFC 7240, section 4.3: how many seconds the sender would wait. What cannot be read is no preference. */
function preferredWaitMs(request: Request): number | undefined {
  const seconds = /(?:^|,)\s*wait\s*=\s*(\d{1,6})/i.exec(request.get('prefer') ?? '')?.[1];
  return seconds === undefined ? undefined : Number(seconds) * 1000;
}

function userIdInBody(request: Request): unknown {
  const body: unknown = request.body;
  return typeof body === 'object' && body !== null && 'userId' in body ? body.userId : undefined;
}

function toCommand(deps: OrderRoutesDeps, request: Request): RequestOrder {
  const { orderId, userId, lines: given } = parseRequest(placeOrderBody, request.body);
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

function sendPlaced(response: Response, orderId: string, placed: PlacedOrder): void {
  if (placed.kind === 'unknown_user') {
    response.status(409).json(demoMessage('No user exists with the given ID'));
    return;
  }
  if (placed.kind === 'id_taken_by_another_request')
    throw new RequestRefusal(
      'key_reused',
      'This Idempotency-Key was used for another order: send the same body again, or take a new key',
    );
  response.setHeader('Order-Id', orderId).setHeader('Location', `/v1/orders/${orderId}`);
  if (placed.kind === 'undecided') {
    response.status(202).json(demoMessage('Order accepted, not decided yet'));
  } else if (placed.order.reason !== null) {
    response.status(409).json(rejectedAnswer(placed.order.reason));
  } else {
    response.json(confirmedAnswer(placed.order, placed.products));
  }
}
