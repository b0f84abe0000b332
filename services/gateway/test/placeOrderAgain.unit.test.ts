// `POST /order` when orders dies, is not there, or does not answer: sent again under one id, and honest about what is not known.
import { createServer as createNetServer, type Socket } from 'node:net';
import { eventually } from '@orderflow/shared/testing/eventually.ts';
import { endAll, listenOn, onEnd, startGateway, startService } from './gatewayFixture.ts';
import { confirm, die, idOf, post, unknown } from './orderFixture.ts';

afterEach(endAll);

describe('an order, when orders dies under it', () => {
  it('is sent again under the same id until it is answered', async () => {
    const orders = await startService((request, response) => {
      if (orders.received.length < 3) die(request, response);
      else confirm(request, response);
    });
    const gateway = await startGateway({ ORDERS_URL: orders.url });
    expect(await post(gateway.url)).toMatchObject({ status: 200 });
    expect(orders.received).toHaveLength(3);
    expect(new Set(orders.received.map(idOf)).size).toBe(1);
  });

  it('finds orders again after a restart', async () => {
    const first = await startService(() => undefined);
    const gateway = await startGateway({ ORDERS_URL: first.url, ORDER_WAIT_MS: 30_000 });
    const answer = post(gateway.url);
    await eventually(() => first.received.length === 1, 'the order has arrived');
    await first.kill();
    const second = await startService(confirm, first.port);
    expect(await answer).toMatchObject({ status: 200, orderId: idOf(first.received[0]) });
    expect(idOf(second.received[0])).toBe(idOf(first.received[0]));
  });

  it('is answered by 504 with its id when the wait is over', async () => {
    const orders = await startService(die);
    const gateway = await startGateway({ ORDERS_URL: orders.url, ORDER_WAIT_MS: 300 });
    const answer = await post(gateway.url);
    const id = idOf(orders.received[0]);
    expect(answer).toEqual({
      status: 504,
      body: unknown(id),
      retryAfter: null,
      orderId: id,
      location: `/v1/orders/${id}`,
    });
    expect(orders.received.length).toBeGreaterThan(1);
  });

  it('is not answered by the 503 of its repeat: that says nothing about the first one', async () => {
    const orders = await startService((request, response) => {
      if (orders.received.length === 1) die(request, response);
      else response.writeHead(503).end();
    });
    const gateway = await startGateway({ ORDERS_URL: orders.url, ORDER_WAIT_MS: 300 });
    expect(await post(gateway.url)).toMatchObject({ status: 504 });
  });

  it.each([
    [504, 'orders itself does not know'],
    [500, 'orders has a bug, before the append or after it'],
  ])('is asked for again after a %i: %s', async (status) => {
    const orders = await startService((request, response) => {
      if (orders.received.length === 1) response.writeHead(status).end();
      else confirm(request, response);
    });
    const gateway = await startGateway({ ORDERS_URL: orders.url });
    expect(await post(gateway.url)).toMatchObject({ status: 200 });
  });

  it('is answered by 504 with its id when orders fails by a bug to the end', async () => {
    const orders = await startService((_request, response) => response.writeHead(500).end());
    const gateway = await startGateway({ ORDERS_URL: orders.url, ORDER_WAIT_MS: 300 });
    const answer = await post(gateway.url);
    expect(answer).toMatchObject({ status: 504, orderId: idOf(orders.received[0]) });
  });

  it('does not pass on half an answer', async () => {
    const orders = await startService((request, response) => {
      if (orders.received.length > 1) confirm(request, response);
      else
        response.writeHead(200, { 'Content-Length': 100 }).write('half', () => response.destroy());
    });
    const gateway = await startGateway({ ORDERS_URL: orders.url });
    expect(await post(gateway.url)).toMatchObject({ status: 200, body: { resp: { ok: true } } });
  });
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
    await startService(confirm, port);
    expect(await answer).toMatchObject({ status: 200 });
  });

  it('is answered by 504 when orders takes the connection and never answers', async () => {
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
    expect(await post(gateway.url)).toMatchObject({ status: 504 });
  });
});

async function freePort(): Promise<number> {
  const server = createNetServer();
  const port = await listenOn(server);
  await new Promise((resolve) => server.close(resolve));
  return port;
}
