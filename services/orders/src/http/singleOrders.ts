// One order in a request of its own, as gateways of the version before the streams send it. While orders is upgraded before
// its gateways, they get their answers here: a 404 would tell a client that there is no order which an older pod has taken.
import { Router } from 'express';
import { contextOf } from '@orderflow/shared/http/requestContext.ts';
import { parseBody } from '@orderflow/shared/http/server.ts';
import { parseRequest } from '@orderflow/shared/http/validate.ts';
import { answerOrder, type OrderStreamDeps } from './orderStream.ts';
import { singleOrderBody } from './schemas.ts';

/** `POST /internal/orders`. To be deleted when no gateway of that version can run any more. */
export function singleOrderRoute(deps: OrderStreamDeps): Router {
  const router = Router();
  router.post('/internal/orders', ...parseBody(), async (request, response) => {
    const { correlationId, traceparent } = contextOf(request);
    const order = parseRequest(singleOrderBody, request.body);
    const waitMs = preferredWaitMs(request.get('prefer')) ?? deps.waitMs;
    const answer = await answerOrder(deps, { ...order, waitMs, correlationId, traceparent });
    if (answer.exists)
      response
        .setHeader('Order-Id', order.orderId)
        .setHeader('Location', `/v1/orders/${order.orderId}`);
    if (answer.retryAfterSeconds !== undefined)
      response.setHeader('Retry-After', String(answer.retryAfterSeconds));
    response.status(answer.status).setHeader('Content-Type', 'application/json; charset=utf-8');
    response.end(answer.body);
  });
  return router;
}

/** RFC 7240, section 4.3: how many seconds the sender would wait. What cannot be read is no preference. */
function preferredWaitMs(prefer: string | undefined): number | undefined {
  const seconds = /(?:^|,)\s*wait\s*=\s*(\d{1,6})/i.exec(prefer ?? '')?.[1];
  return seconds === undefined ? undefined : Number(seconds) * 1000;
}
