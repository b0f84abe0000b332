// The orders service on a real database: one effect and one answer per order, whoever decides it and however often it is sent.
import { randomUUID } from 'node:crypto';
import type { RowDataPacket } from 'mysql2/promise';
import { createMemoryEventStore } from '@orderflow/shared/eventstore/memoryEventStore.ts';
import { eventually } from '@orderflow/shared/testing/eventually.ts';
import { ordersParts } from '../src/app.ts';
import type { OrderEvent } from '../src/domain/order.ts';
import type { OrdersFact } from '../src/messaging/inbound.ts';
import {
  CAMERA,
  KNOWN_USER,
  LENS,
  metadata,
  NEW_USER,
  refused,
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
  it('is answered in the shape of the demo once it is confirmed', async () => {
    const orderId = randomUUID();
    const answer = orders.place(orderId);
    await orders.whenRequested(orderId);
    await orders.receive(reserved(orderId, 99));
    const { status, exists, body } = await answer;
    expect({ status, exists }).toEqual({ status: 200, exists: true });
    const uuid = expect.any(String) as string;
    const at = expect.stringMatching(/^2026-11-22T11:00:00\.\d{3}Z$/) as string;
    const times = { created_at: at, updated_at: at };
    expect(body).toEqual({
      resp: {
        inventoryResp: { id: 7, uuid, name: 'camera', count: 99, ...times, deleted_at: null },
        orderResp: { uuid, count: 1, id: 1, inventory_id: 7, user_id: 1, ...times },
      },
    });
  });

  it('sent 50 times at once has one effect and 50 equal answers, also after later orders', async () => {
    const orderId = randomUUID();
    const answers = Array.from({ length: 50 }, () => orders.place(orderId));
    await orders.whenRequested(orderId);
    await orders.receive(reserved(orderId, 98));
    const bodies = (await Promise.all(answers)).map(({ status, body }) => ({ status, body }));
    expect(new Set(bodies.map((each) => JSON.stringify(each))).size).toBe(1);
    expect(bodies[0]).toMatchObject({
      status: 200,
      body: { resp: { inventoryResp: { count: 98 }, orderResp: { id: 1, count: 2 } } },
    });
    expect(await orders.eventsOf(orderId)).toEqual(['OrderRequested', 'OrderConfirmed']);

    const laterId = randomUUID();
    const later = orders.place(laterId);
    await orders.whenRequested(laterId);
    await orders.receive(reserved(laterId, 97));
    expect(await later).toMatchObject({ body: { resp: { orderResp: { id: 1, count: 3 } } } });
    expect((await orders.place(orderId)).body).toEqual(bodies[0]?.body);
  });

  it('is told to be accepted before it is decided', async () => {
    const orderId = randomUUID();
    const before = orders.stream.accepted().length;
    const answer = orders.place(orderId);
    await eventually(() => orders.stream.accepted().length > before, 'it is accepted');
    expect(await orders.eventsOf(orderId)).toEqual(['OrderRequested']);
    await orders.receive(refused(orderId, 'out_of_stock'));
    expect((await answer).status).toBe(409);
  });

  it('with another body under the same id is refused, and changes nothing', async () => {
    const orderId = randomUUID();
    const first = orders.place(orderId);
    await orders.whenRequested(orderId);
    const other = await orders.place(orderId, [{ productId: LENS, quantity: 1 }]);
    expect(other.status).toBe(422);
    expect(other.body).toMatchObject({
      message: expect.stringContaining('Idempotency-Key') as string,
    });
    await orders.receive(refused(orderId, 'out_of_stock'));
    expect(await first).toMatchObject({
      status: 409,
      body: { message: 'Product is out of stock', error: null },
    });
    expect((await orders.place(orderId, [{ productId: LENS, quantity: 1 }])).status).toBe(422);
    expect(await orders.eventsOf(orderId)).toEqual(['OrderRequested', 'OrderRejected']);
  });

  it('decided by another instance is answered here all the same', async () => {
    const another = await orders.openAnother();
    const orderId = randomUUID();
    const answer = orders.place(orderId);
    await orders.whenRequested(orderId);
    await orders.receive(refused(orderId, 'unknown_product'), another);
    expect(await answer).toMatchObject({
      status: 409,
      body: { message: 'No product exists with the given ID', error: null },
    });
  });

  it('that is not decided within the wait is answered 202, and decided later', async () => {
    const orderId = randomUUID();
    const { status, exists, body } = await orders.place(orderId, undefined, KNOWN_USER, 0);
    expect({ status, exists }).toEqual({ status: 202, exists: true });
    expect(body).toEqual({ message: 'Order accepted, not decided yet', error: null });
    const location = `/v1/orders/${orderId}`;
    const undecided = await orders.send('GET', location);
    const at = expect.stringMatching(/^2026-11-22T11:00:00\.\d{3}Z$/) as string;
    const asRequested = { id: orderId, userId: 1, requestedAt: at };
    expect(undecided.body).toEqual({
      ...{ ...asRequested, status: 'requested', decidedAt: null, reason: null },
      lines: [{ productId: 7, quantity: 1, status: 'requested' }],
    });
    await orders.receive(reserved(orderId, 96));
    expect((await orders.send('GET', location)).body).toEqual({
      ...{ ...asRequested, status: 'confirmed', decidedAt: at, reason: null },
      lines: [{ productId: 7, quantity: 1, status: 'confirmed' }],
    });
    const history = await orders.send('GET', `${location}/history`);
    expect(JSON.stringify(history.body)).not.toContain('requestHmac');
    expect(history.body).toMatchObject({
      events: [
        { type: 'OrderRequested', version: 1 },
        { type: 'OrderConfirmed', version: 2 },
      ],
    });
  });

  it('of several lines is confirmed with the last, and counts each into the cart', async () => {
    const orderId = randomUUID();
    const answer = orders.place(orderId, [
      { productId: LENS, quantity: 1 },
      { productId: CAMERA, quantity: 1 },
      { productId: LENS, quantity: 2 },
    ]);
    await orders.whenRequested(orderId);
    await orders.receive(reserved(orderId, 95, CAMERA, { index: 1, of: 2 }));
    expect((await orders.send('GET', `/v1/orders/${orderId}`)).body).toMatchObject({
      lines: [
        { productId: 9, quantity: 3, status: 'requested' },
        { productId: 7, quantity: 1, status: 'reserved' },
      ],
    });
    await orders.receive(reserved(orderId, 50, LENS, { index: 0, of: 2 }));
    const { status, body } = await answer;
    expect(status).toBe(200);
    const shown = (body as { resp: { orderResp: { inventory_id: number } }[] }).resp;
    expect(shown.map(({ orderResp }) => orderResp.inventory_id)).toEqual([9, 7]);
    const cart = await orders.send('GET', '/order?userId=1');
    const inCart = (body_: unknown) => (body_ as { resp: { inventory_id: number }[] }).resp;
    expect(inCart(cart.body).map(({ inventory_id }) => inventory_id)).toEqual([7, 9]);
    expect((await orders.send('GET', '/Order/?userId=1')).body).toEqual(cart.body);
  });
});

describe('an order of a user', () => {
  it('whom no message has told of yet is taken when the users service knows them', async () => {
    const orderId = randomUUID();
    const asked = orders.usersAsked();
    const answer = orders.place(orderId, undefined, NEW_USER);
    await orders.whenRequested(orderId);
    await orders.receive(refused(orderId, 'out_of_stock'));
    expect((await answer).status).toBe(409);
    expect(orders.usersAsked()).toBe(asked + 1);
  });

  it('whom nobody knows is refused, and nothing is appended', async () => {
    const orderId = randomUUID();
    const { status, exists, body } = await orders.place(orderId, undefined, 999);
    expect({ status, exists }).toEqual({ status: 409, exists: false });
    expect(body).toEqual({ message: 'No user exists with the given ID', error: null });
    expect(await orders.eventsOf(orderId)).toEqual([]);
  });
});

describe('what is asked in vain', () => {
  it('is answered by problem+json under /v1, and by the demo elsewhere', async () => {
    expect((await orders.send('GET', '/v1/orders/7')).status).toBe(400);
    const unknown = await orders.send('GET', `/v1/orders/${randomUUID()}`);
    expect(unknown.status).toBe(404);
    expect(unknown.headers.get('content-type')).toContain('application/problem+json');
    expect((await orders.send('GET', `/v1/orders/${randomUUID()}/history`)).status).toBe(404);
    expect(await orders.send('GET', '/order')).toMatchObject({
      status: 400,
      body: { message: 'userId field is missing from query params', error: null },
    });
    expect(await orders.send('GET', '/order?userId=3abc')).toMatchObject({ status: 400 });
    expect((await orders.send('GET', '/order?userId=888')).body).toEqual({ resp: [] });
  });

  it('as an order of more than 10,000 pieces of one product is a 400', async () => {
    const line = { productId: CAMERA, quantity: 6_000 };
    expect((await orders.place(randomUUID(), [line, line])).status).toBe(400);
  });
});

describe('an order whose row an earlier build has written at its request', () => {
  it('is shown undecided, and its row becomes that of its decision', async () => {
    const orderId = randomUUID();
    const answer = orders.place(orderId);
    await orders.whenRequested(orderId);
    await orders.admin.query(
      `INSERT INTO orders (order_id, user_id, status, order_lines, requested_at)
        VALUES (?, 1, 'requested', '[{"productId":7,"quantity":1,"status":"requested"}]', ?)`,
      [orderId, '2026-11-22T10:00:00.000Z'],
    );
    const shown = async () => (await orders.send('GET', `/v1/orders/${orderId}`)).body;
    expect(await shown()).toMatchObject({ status: 'requested', decidedAt: null });
    await orders.receive(refused(orderId, 'out_of_stock'));
    expect((await answer).status).toBe(409);
    expect(await shown()).toMatchObject({ status: 'rejected', reason: 'out_of_stock' });
  });
});

describe('the read models', () => {
  it.each(['orders', 'cart_lines'])('%s equals the fold of the log, row for row', async (table) => {
    const rebuilt = createMemoryEventStore<OrderEvent, OrdersFact>(ordersParts);
    const versions = new Map<string, number>();
    for (const { streamId, event } of await orders.database.store.readLog(0, 10_000)) {
      const expectedVersion = versions.get(streamId) ?? 0;
      versions.set(streamId, expectedVersion + 1);
      const events = [{ event, metadata }];
      await rebuilt.commit([{ streams: [{ streamId, expectedVersion, events }] }]);
    }
    const tables = ordersParts.projections.flatMap((projection) => projection.tables);
    const columns = tables.find(({ name }) => name === table)?.columns;
    const [rows] = await orders.admin.query<RowDataPacket[]>('SELECT ?? FROM ??', [columns, table]);
    const sorted = (all: readonly object[]) => all.map((row) => JSON.stringify(row)).toSorted();
    expect(rows.length).toBeGreaterThan(1);
    expect(sorted(rebuilt.rows(table))).toEqual(sorted(rows));
  });
});
