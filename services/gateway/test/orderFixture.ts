// For the tests of `POST /order`: a client, and what becomes of orders.
import type { Arrived, PlayedStream } from './playedOrders.ts';

/** The answer when it is not known whether the order was accepted. */
export const unknown = (id: string | undefined) => ({
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

/** Confirms each order at once. */
export function confirm(order: Arrived, stream: PlayedStream): void {
  stream.confirm(order);
}
