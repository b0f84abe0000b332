// `POST /order` through the gateway: its id, what is sent, how the answer comes back, how many may wait.
import { connect } from 'node:net';
import { eventually } from '@orderflow/shared/testing/eventually.ts';
import { uuidV8FromKey } from '../src/ids.ts';
import { endAll, startGateway } from './gatewayFixture.ts';
import { confirm, post, unknown } from './orderFixture.ts';
import { startOrders } from './playedOrders.ts';

afterEach(endAll);

const UUID_V7 = /^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/;

describe('an order', () => {
  it('is given its id and sent as one line of one piece, under the client’s correlation id', async () => {
    const orders = await startOrders(confirm);
    const gateway = await startGateway({ ORDERS_URL: orders.url });
    const traceparent = `00-${'a'.repeat(32)}-${'b'.repeat(16)}-01`;
    const answer = await post(gateway.url, { 'x-request-id': 'req-1', traceparent });
    const [received] = orders.received;
    const id = received?.orderId;
    expect(id).toMatch(UUID_V7);
    const waitMs = received?.waitMs;
    expect(waitMs).toBeLessThanOrEqual(5_000);
    expect(waitMs).toBeGreaterThan(4_000);
    expect(received).toEqual({
      ...{ n: 1, orderId: id, userId: 2, lines: [{ productId: 1, quantity: 1 }], waitMs },
      ...{ correlationId: 'req-1', traceparent },
    });
    expect(answer).toEqual({
      status: 200,
      body: { resp: { ok: true } },
      retryAfter: null,
      orderId: id,
      location: `/v1/orders/${id}`,
    });
  });

  it('may come urlencoded', async () => {
    const orders = await startOrders(confirm);
    const gateway = await startGateway({ ORDERS_URL: orders.url });
    const body = new URLSearchParams({ productId: '1', userId: '2' });
    const response = await fetch(`${gateway.url}/ORDER/`, { method: 'POST', body });
    expect(response.status).toBe(200);
  });

  it('gets its id from its key: the same order at every gateway', async () => {
    const orders = await startOrders(confirm);
    const first = await startGateway({ ORDERS_URL: orders.url });
    const second = await startGateway({ ORDERS_URL: orders.url });
    for (const { url } of [first, first, second]) await post(url, { 'idempotency-key': 'key-1' });
    const id = uuidV8FromKey('anonymous', 'key-1');
    expect(orders.received.map(({ orderId }) => orderId)).toEqual([id, id, id]);
  });

  it('gets its own answer, though another one with its id is under way', async () => {
    const orders = await startOrders((order, stream) => {
      if (order.n === 1) return;
      stream.answer(order, { status: 422, body: '{"message":"another order","error":null}' });
      stream.answer({ ...order, n: 1 }, { exists: true, body: '{"first":true}' });
    });
    const gateway = await startGateway({ ORDERS_URL: orders.url });
    const key = { 'idempotency-key': 'key-1' };
    const first = post(gateway.url, key);
    await eventually(() => orders.received.length === 1, 'the first order has arrived');
    expect(await post(gateway.url, key, { productId: 5, userId: 2 })).toMatchObject({
      status: 422,
      orderId: null,
    });
    expect(await first).toMatchObject({ status: 200, body: { first: true } });
  });

  it.each([
    [{ productId: '3abc', userId: 1 }, {}, /^productId must be/],
    [{ productId: 1 }, {}, /^userId field is missing from body params$/],
    [{ productId: 1, userId: 1 }, { 'idempotency-key': 'a b' }, /^Idempotency-Key must be/],
  ])('that is not valid (%j, %j) is refused and not sent', async (body, headers, message) => {
    const orders = await startOrders(confirm);
    const gateway = await startGateway({ ORDERS_URL: orders.url });
    const answer = await post(gateway.url, headers, body);
    expect(answer).toMatchObject({ status: 400, body: { error: null } });
    expect((answer.body as { message: string }).message).toMatch(message);
    expect(orders.received).toEqual([]);
  });

  it.each([
    [202, { message: 'Order accepted, not decided yet', error: null }, true],
    [409, { message: 'Product is out of stock', error: null }, true],
    [409, { message: 'No user exists with the given ID', error: null }, false],
    [503, { message: 'busy – ä\t\n', error: null }, false],
  ])('that orders answers by %i %j is answered so, and sent once', async (status, body, exists) => {
    const orders = await startOrders((order, stream) => {
      stream.answer(order, { status, exists, retryAfterSeconds: 7, body: JSON.stringify(body) });
    });
    const gateway = await startGateway({ ORDERS_URL: orders.url });
    const answer = await post(gateway.url);
    expect(answer).toMatchObject({ status, body, retryAfter: '7' });
    const id = orders.received[0]?.orderId;
    expect(answer).toMatchObject(
      exists ? { orderId: id, location: `/v1/orders/${id}` } : { orderId: null, location: null },
    );
    expect(orders.received).toHaveLength(1);
  });
});

describe('waiting orders', () => {
  it('are bounded: past the bound 503 with Retry-After, at once and not sent', async () => {
    const answers: (() => void)[] = [];
    const orders = await startOrders((order, stream) => {
      answers.push(() => {
        stream.confirm(order);
      });
    });
    const gateway = await startGateway({ ORDERS_URL: orders.url, waitingLimit: 2 });
    const waiting = [post(gateway.url), post(gateway.url)];
    await eventually(() => orders.received.length === 2, 'two orders wait');
    expect(await post(gateway.url)).toMatchObject({
      status: 503,
      body: { message: 'Too many orders are waiting, try again', error: null },
      retryAfter: '1',
    });
    expect(orders.received).toHaveLength(2);

    for (const answer of answers.splice(0)) answer();
    expect(await Promise.all(waiting)).toMatchObject([{ status: 200 }, { status: 200 }]);
    const next = post(gateway.url);
    await eventually(() => answers.length === 1, 'the next order may wait again');
    answers[0]?.();
    expect(await next).toMatchObject({ status: 200 });
  });

  it('go on when their client goes away', async () => {
    const orders = await startOrders((order, stream) => {
      if (orders.received.length > 1) stream.confirm(order);
    });
    const gateway = await startGateway({ ORDERS_URL: orders.url });
    const client = connect(gateway.port, '127.0.0.1');
    const body = '{"productId":1,"userId":1}';
    client.write(
      `POST /order HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: ${body.length}\r\n\r\n${body}`,
    );
    await eventually(() => orders.received.length === 1, 'the order has arrived');
    client.destroy();
    // The gateway has seen the client go once it has answered another request that came after.
    await fetch(`${gateway.url}/livez`);
    orders.streams[0]?.die();
    await eventually(() => orders.received.length === 2, 'the order is sent again all the same');
    expect(orders.received[1]?.orderId).toBe(orders.received[0]?.orderId);
  });

  it('are answered by 504 with their id when the gateway must end', async () => {
    const orders = await startOrders(() => undefined);
    const gateway = await startGateway({ ORDERS_URL: orders.url, ORDER_WAIT_MS: 60_000 });
    const answer = post(gateway.url);
    await eventually(() => orders.received.length === 1, 'the order has arrived');
    gateway.giveUpWaiting();
    const id = orders.received[0]?.orderId;
    expect(await answer).toMatchObject({ status: 504, body: unknown(id), orderId: id });
  });

  it('are answered by 202 when the gateway must end and orders has them for certain', async () => {
    let accepted = false;
    const orders = await startOrders((order, stream) => {
      stream.accept(order);
      accepted = true;
    });
    const gateway = await startGateway({ ORDERS_URL: orders.url, ORDER_WAIT_MS: 60_000 });
    const first = post(gateway.url);
    await eventually(() => accepted, 'the order is accepted');
    // Its answer comes behind the word about the first one.
    const stream = orders.streams[0];
    const second = post(gateway.url);
    await eventually(() => orders.received.length === 2, 'the second order has arrived');
    const [, other] = orders.received;
    if (other !== undefined) stream?.confirm(other);
    await second;
    gateway.giveUpWaiting();
    const id = orders.received[0]?.orderId;
    expect(await first).toEqual({
      status: 202,
      body: { message: 'Order accepted, not decided yet', error: null },
      retryAfter: null,
      orderId: id,
      location: `/v1/orders/${id}`,
    });
  });
});
