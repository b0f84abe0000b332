// For the tests of `POST /order`: a client, and orders services that answer or die.
import type { ServerResponse } from 'node:http';
import type { Received } from './gatewayFixture.ts';

interface Order {
  readonly orderId: string;
}

/** The answer when it is not known whether the order was accepted. */
export const unknown = (id: string) => ({
  message: `The outcome of order ${id} is unknown, ask GET /v1/orders/${id}`,
  error: null,
});

/** Places an order as a client does; without a body, a valid one. */
export async function post(url: string, headers: Record<string, string> = {}, body?: unknown) {
  const response = await fetch(`${url}/order`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', ...headers },
    body: JSON.stringify(body ?? { productId: 1, userId: '2' }),
  });
  return {
    status: response.status,
    body: await response.json(),
    retryAfter: response.headers.get('retry-after'),
    orderId: response.headers.get('order-id'),
    location: response.headers.get('location'),
  };
}

/** The id that the gateway gave the order. */
export function idOf(request: Received | undefined): string {
  return (JSON.parse(request?.body ?? '') as Order).orderId;
}

/** As the orders service answers a decided order. */
export function confirm(request: Received, response: ServerResponse): void {
  const id = idOf(request);
  const headers = { 'Order-Id': id, Location: `/v1/orders/${id}` };
  response.writeHead(200, { ...headers, 'Content-Type': 'application/json' });
  response.end('{"resp":{"ok":true}}');
}

/** Lets a request arrive and then dies under it. */
export function die(_request: Received, response: ServerResponse): void {
  response.destroy();
}
