// The orders service's routes: the demo's list, and /v1. Orders are placed by the stream (orderStream.ts).
import { Router, type Request } from 'express';
import type { EventStore } from '@orderflow/shared/eventstore/eventStore.ts';
import { sendDemoList } from '@orderflow/shared/http/demoList.ts';
import { RequestRefusal } from '@orderflow/shared/http/problem.ts';
import { parseBody } from '@orderflow/shared/http/server.ts';
import { parseRequest } from '@orderflow/shared/http/validate.ts';
import { orderStream, type OrderEvent } from '../domain/order.ts';
import type { CartQueries } from '../readmodel/cartLines.ts';
import type { OrderQueries } from '../readmodel/orders.ts';
import { demoCartLine, orderAnswer } from './answers.ts';
import { listCartQuery, orderIdParams } from './schemas.ts';

export interface OrderRoutesDeps {
  readonly orders: OrderQueries;
  readonly carts: CartQueries;
  readonly readStreams: EventStore<OrderEvent>['readStreams'];
}

/** The routes. Paths match in any case and with a trailing slash, as in the demo. */
export function createOrderRoutes(deps: OrderRoutesDeps): Router {
  const router = Router();
  const body = parseBody();

  router.get('/order', ...body, async (request, response) => {
    // Taken once: Express parses the query each time.
    const { query } = request;
    const { userId, after } = parseRequest(listCartQuery, {
      ...query,
      userId: query.userId ?? userIdInBody(request),
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

function userIdInBody(request: Request): unknown {
  const body: unknown = request.body;
  return typeof body === 'object' && body !== null && 'userId' in body ? body.userId : undefined;
}
