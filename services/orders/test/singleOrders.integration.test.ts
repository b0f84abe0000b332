// Orders in requests of their own, as gateways of the version before the streams send them, on a real database.
import { randomUUID } from 'node:crypto';
import {
  CAMERA,
  KNOWN_USER,
  reserved,
  startOrders,
  type OrdersUnderTest,
} from './ordersUnderTest.ts';

let orders: OrdersUnderTest;
beforeAll(async () => {
  orders = await startOrders();
});
afterAll(() => orders.close());

describe('an order', () => {
  it('in a request of its own, as the gateways of the version before send it, is answered alike', async () => {
    const orderId = randomUUID();
    const body = { orderId, userId: KNOWN_USER, lines: [{ productId: CAMERA, quantity: 1 }] };
    const first = orders.send('POST', '/internal/orders', body, { prefer: 'wait=30' });
    await orders.whenRequested(orderId);
    await orders.receive(reserved(orderId, 90));
    const streamed = await orders.place(orderId);
    for (const answer of [await first, await orders.send('POST', '/internal/orders', body)]) {
      expect(answer).toMatchObject({ status: 200, body: streamed.body });
      expect(answer.headers.get('order-id')).toBe(orderId);
      expect(answer.headers.get('location')).toBe(`/v1/orders/${orderId}`);
    }
    const undecided = { ...body, orderId: randomUUID() };
    const waited = orders.send('POST', '/internal/orders', undecided, { prefer: 'wait=0' });
    expect((await waited).status).toBe(202);
  });
});
