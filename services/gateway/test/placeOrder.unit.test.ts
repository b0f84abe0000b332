// `POST /order` through the gateway: its id, what is sent, how the answer comes back, how many may wait.
import { connect } from 'node:net';
import { eventually } from '@orderflow/shared/testing/eventually.ts';
import { uuidV8FromKey } from '../src/ids.ts';
import { endAll, startGateway, startService } from './gatewayFixture.ts';
import { confirm, idOf, post, unknown } from './orderFixture.ts';

afterEach(endAll);

const UUID_V7 = /^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/;

describe('an order', () => {
  it('is given its id and sent as one line of one piece, under the client’s correlation id', async () => {
    const orders = await startService(confirm);
    const gateway = await startGateway({ ORDERS_URL: orders.url });
    const answer = await post(gateway.url, { 'x-request-id': 'req-1' });
    const [received] = orders.received;
    expect(received).toMatchObject({
      method: 'POST',
      url: '/internal/orders',
      headers: { 'x-request-id': 'req-1', prefer: 'wait=5' },
    });
    const id = idOf(received);
    expect(id).toMatch(UUID_V7);
    expect(JSON.parse(received?.body ?? '')).toEqual({
      orderId: id,
      userId: 2,
      lines: [{ productId: 1, quantity: 1 }],
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
    const orders = await startService(confirm);
    const gateway = await startGateway({ ORDERS_URL: orders.url });
    const body = new URLSearchParams({ productId: '1', userId: '2' });
    const response = await fetch(`${gateway.url}/ORDER/`, { method: 'POST', body });
    expect(response.status).toBe(200);
  });

  it('gets its id from its key: the same order at every gateway', async () => {
    const orders = await startService(confirm);
    const first = await startGateway({ ORDERS_URL: orders.url });
    const second = await startGateway({ ORDERS_URL: orders.url });
    for (const { url } of [first, first, second]) await post(url, { 'idempotency-key': 'key-1' });
    const id = uuidV8FromKey('anonymous', 'key-1');
    expect(orders.received.map(idOf)).toEqual([id, id, id]);
  });

  it.each([
    [{ productId: '3abc', userId: 1 }, {}, /^productId must be/],
    [{ productId: 1 }, {}, /^userId field is missing from body params$/],
    [{ productId: 1, userId: 1 }, { 'idempotency-key': 'a b' }, /^Idempotency-Key must be/],
  ])('that is not valid (%j, %j) is refused and not sent', async (body, headers, message) => {
    const orders = await startService(confirm);
    const gateway = await startGateway({ ORDERS_URL: orders.url });
    const answer = await post(gateway.url, headers, body);
    expect(answer).toMatchObject({ status: 400, body: { error: null } });
    expect((answer.body as { message: string }).message).toMatch(message);
    expect(orders.received).toEqual([]);
  });

  it.each([
    [202, { message: 'Order accepted, not decided yet', error: null }],
    [409, { message: 'Product is out of stock', error: null }],
    [503, { message: 'busy', error: null }],
  ])('that orders answers by %i is answered so, and sent once', async (status, body) => {
    const orders = await startService((_request, response) => {
      response.writeHead(status, { 'Content-Type': 'application/json', 'Retry-After': '7' });
      response.end(JSON.stringify(body));
    });
    const gateway = await startGateway({ ORDERS_URL: orders.url });
    expect(await post(gateway.url)).toMatchObject({ status, body, retryAfter: '7' });
    expect(orders.received).toHaveLength(1);
  });

  it('that orders refuses by problem+json is answered in the demo’s shape', async () => {
    const orders = await startService((_request, response) => {
      response.writeHead(422, { 'Content-Type': 'application/problem+json; charset=utf-8' });
      response.end('{"title":"t","detail":"another order"}');
    });
    const gateway = await startGateway({ ORDERS_URL: orders.url });
    expect(await post(gateway.url)).toMatchObject({
      status: 422,
      body: { message: 'another order', error: null },
    });
  });
});

describe('waiting orders', () => {
  it('are bounded: past the bound 503 with Retry-After, at once and not sent', async () => {
    const answers: (() => void)[] = [];
    const orders = await startService((request, response) => {
      answers.push(() => {
        confirm(request, response);
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
    let closedEarly = false;
    const release = Promise.withResolvers<undefined>();
    const orders = await startService((request, response) => {
      if (orders.received.length === 1) {
        response.once('close', () => (closedEarly = true));
        void release.promise.then(() => response.destroy());
      } else confirm(request, response);
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
    expect(closedEarly).toBe(false);
    release.resolve(undefined);
    await eventually(() => orders.received.length === 2, 'the order is sent again all the same');
    expect(idOf(orders.received[1])).toBe(idOf(orders.received[0]));
  });

  it('are answered by 504 with their id when the gateway must end', async () => {
    const orders = await startService(() => undefined);
    const gateway = await startGateway({ ORDERS_URL: orders.url, ORDER_WAIT_MS: 60_000 });
    const answer = post(gateway.url);
    await eventually(() => orders.received.length === 1, 'the order has arrived');
    gateway.giveUpWaiting();
    expect(await answer).toMatchObject({ status: 504, body: unknown(idOf(orders.received[0])) });
  });
});
