// `POST /order` when orders dies, is not there, or does not answer: sent again under one id, and honest about what is not known.
import { createServer as createNetServer, type Socket } from 'node:net';
import { eventually } from '@orderflow/shared/testing/eventually.ts';
import { endAll, listenOn, onEnd, startGateway } from './gatewayFixture.ts';
import { confirm, post, unknown } from './orderFixture.ts';
import { startOrders } from './playedOrders.ts';

afterEach(endAll);

const NO_BODY = { body: '{"message":"m","error":null}' };

describe('an order, when orders dies under it', () => {
  it('is sent again under the same id until it is answered', async () => {
    const orders = await startOrders((order, stream) => {
      if (orders.received.length < 3) stream.die();
      else stream.confirm(order);
    });
    const gateway = await startGateway({ ORDERS_URL: orders.url });
    expect(await post(gateway.url)).toMatchObject({ status: 200 });
    expect(orders.received).toHaveLength(3);
    expect(new Set(orders.received.map(({ orderId }) => orderId)).size).toBe(1);
  });

  it('finds orders again after a restart', async () => {
    const first = await startOrders(() => undefined);
    const gateway = await startGateway({ ORDERS_URL: first.url, ORDER_WAIT_MS: 30_000 });
    const answer = post(gateway.url);
    await eventually(() => first.received.length === 1, 'the order has arrived');
    await first.kill();
    const second = await startOrders(confirm, first.port);
    const id = first.received[0]?.orderId;
    expect(await answer).toMatchObject({ status: 200, orderId: id });
    expect(second.received[0]?.orderId).toBe(id);
  });

  it('is answered by 504 with its id when the wait is over', async () => {
    const orders = await startOrders((_order, stream) => {
      stream.die();
    });
    const gateway = await startGateway({ ORDERS_URL: orders.url, ORDER_WAIT_MS: 300 });
    const answer = await post(gateway.url);
    const id = orders.received[0]?.orderId;
    expect(answer).toEqual({
      status: 504,
      body: unknown(id),
      retryAfter: null,
      orderId: id,
      location: `/v1/orders/${id}`,
    });
    expect(orders.received.length).toBeGreaterThan(1);
  });

  it('is answered by 202 when the wait is over and orders had it for certain', async () => {
    const orders = await startOrders((order, stream) => {
      if (orders.received.length > 1) stream.die();
      else {
        stream.accept(order);
        setImmediate(() => void orders.kill());
      }
    });
    const gateway = await startGateway({ ORDERS_URL: orders.url, ORDER_WAIT_MS: 300 });
    expect(await post(gateway.url)).toMatchObject({
      status: 202,
      orderId: orders.received[0]?.orderId,
    });
  });

  it('is not answered by the 503 of its repeat: that says nothing about the first one', async () => {
    const orders = await startOrders((order, stream) => {
      if (orders.received.length === 1) stream.die();
      else stream.answer(order, { ...NO_BODY, status: 503 });
    });
    const gateway = await startGateway({ ORDERS_URL: orders.url, ORDER_WAIT_MS: 300 });
    expect(await post(gateway.url)).toMatchObject({ status: 504 });
  });

  it.each([
    [504, 'orders itself does not know'],
    [500, 'orders has a bug, before the append or after it'],
  ])('is asked for again after a %i: %s', async (status) => {
    const orders = await startOrders((order, stream) => {
      if (orders.received.length === 1) stream.answer(order, { ...NO_BODY, status });
      else stream.confirm(order);
    });
    const gateway = await startGateway({ ORDERS_URL: orders.url });
    expect(await post(gateway.url)).toMatchObject({ status: 200 });
  });

  it('is answered by 504 with its id when orders fails by a bug to the end', async () => {
    const orders = await startOrders((order, stream) => {
      stream.answer(order, { ...NO_BODY, status: 500 });
    });
    const gateway = await startGateway({ ORDERS_URL: orders.url, ORDER_WAIT_MS: 300 });
    const answer = await post(gateway.url);
    expect(answer).toMatchObject({ status: 504, orderId: orders.received[0]?.orderId });
  });

  it('does not pass on half an answer', async () => {
    const orders = await startOrders((order, stream) => {
      if (orders.received.length > 1) stream.confirm(order);
      else {
        stream.write(`[${order.n},200,1]\t{"half":`);
        setImmediate(() => {
          stream.die();
        });
      }
    });
    const gateway = await startGateway({ ORDERS_URL: orders.url });
    expect(await post(gateway.url)).toMatchObject({ status: 200, body: { resp: { ok: true } } });
  });

  it.each(['no JSON', '[1]', '[1,200,1]', '{"other":1}', `[1,200,1]\t"${'x'.repeat(2 ** 20)}"`])(
    'is sent again on another stream when orders says what is no reply',
    async (line) => {
      const orders = await startOrders((order, stream) => {
        if (orders.received.length > 1) stream.confirm(order);
        else stream.write(`${line}\n`);
      });
      const gateway = await startGateway({ ORDERS_URL: orders.url });
      expect(await post(gateway.url)).toMatchObject({ status: 200, body: { resp: { ok: true } } });
      expect(orders.streams).toHaveLength(2);
    },
  );
});

describe('an order, when orders is not there', () => {
  it('is answered by 503 with Retry-After and no id: it cannot exist', async () => {
    const gateway = await startGateway({ ORDER_WAIT_MS: 200 });
    expect(await post(gateway.url)).toEqual({
      status: 503,
      body: { message: 'The orders service is not available, try again', error: null },
      retryAfter: '1',
      orderId: null,
      location: null,
    });
  });

  it('is placed when orders comes up within the wait', async () => {
    const port = await freePort();
    const gateway = await startGateway({
      ORDERS_URL: `http://127.0.0.1:${port}`,
      ORDER_WAIT_MS: 30_000,
    });
    const answer = post(gateway.url);
    // The order is on its way before anybody listens; whichever comes first, the outcome is the same.
    await startOrders(confirm, port);
    expect(await answer).toMatchObject({ status: 200 });
  });

  it('is answered by 503 when orders takes the connection and opens no stream: nothing was sent', async () => {
    const sockets = new Set<Socket>();
    const server = createNetServer((socket) => {
      sockets.add(socket.on('error', () => undefined));
      socket.resume();
    });
    const port = await listenOn(server);
    onEnd(() => {
      for (const socket of sockets) socket.destroy();
      server.close();
    });
    const gateway = await startGateway({
      ORDERS_URL: `http://127.0.0.1:${port}`,
      ORDER_WAIT_MS: 50,
    });
    expect(await post(gateway.url)).toMatchObject({ status: 503 });
  });

  it('is answered by 504 when orders takes it and never answers', async () => {
    const orders = await startOrders(() => undefined);
    const gateway = await startGateway({ ORDERS_URL: orders.url, ORDER_WAIT_MS: 50 });
    expect(await post(gateway.url)).toMatchObject({
      status: 504,
      orderId: orders.received[0]?.orderId,
    });
  });
});

async function freePort(): Promise<number> {
  const server = createNetServer();
  const port = await listenOn(server);
  await new Promise((resolve) => server.close(resolve));
  return port;
}
