// The streams to orders: how orders are spread over them, and what happens when one is to be left, is full or falls silent.
import { createServer } from 'node:http';
import type { Socket } from 'node:net';
import { ORDER_STREAM } from '@orderflow/shared/contracts/orderStream.ts';
import { createLogger } from '@orderflow/shared/runtime/logger.ts';
import { eventually } from '@orderflow/shared/testing/eventually.ts';
import type { OnStream } from '../src/orderStream.ts';
import { createOrderStreams, type OrderStreamsOptions } from '../src/orderStreams.ts';
import { createUpstream } from '../src/upstream.ts';
import { endAll, listenOn, onEnd, startGateway } from './gatewayFixture.ts';
import { post } from './orderFixture.ts';
import { startOrders, type Arrived, type PlayedStream } from './playedOrders.ts';

afterEach(endAll);

/** An order that notes what becomes of it; `padding` makes it long. */
function notingOrder(padding = '') {
  const noted: string[] = [];
  const order: OnStream = {
    line: (n) => JSON.stringify({ n, padding }),
    sent: () => void noted.push('sent'),
    accepted: () => void noted.push('accepted'),
    answered: ({ status }) => void noted.push(`answered ${status}`),
    lost: () => void noted.push('lost'),
  };
  return { order, noted };
}

function openStreams(url: string, options: Partial<OrderStreamsOptions> = {}) {
  const streams = createOrderStreams({
    orders: createUpstream('orders', url),
    count: 1,
    logger: createLogger({ service: 'gateway', level: 'silent' }),
    ...options,
  });
  onEnd(streams.close);
  return streams;
}

/** Takes streams as a server does, and does with their sockets as the test likes. */
async function startRawOrders(take: (socket: Socket) => void) {
  const sockets: Socket[] = [];
  const server = createServer().on('upgrade', (_request, socket: Socket) => {
    sockets.push(socket.on('error', () => undefined));
    socket.write(
      `HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: ${ORDER_STREAM.protocol}\r\n\r\n`,
    );
    take(socket);
  });
  const port = await listenOn(server);
  onEnd(() => {
    for (const socket of sockets) socket.destroy();
    server.close();
  });
  return { sockets, url: `http://127.0.0.1:${port}` };
}

describe('orders under way', () => {
  it('are spread over the streams: each goes where the fewest are', async () => {
    const on = new Map<PlayedStream, number>();
    const orders = await startOrders((_order, stream) => on.set(stream, (on.get(stream) ?? 0) + 1));
    const streams = openStreams(orders.url, { count: 2 });
    await eventually(() => orders.openStreams() === 2, 'both streams are open');
    for (let i = 0; i < 10; i += 1) streams.send(notingOrder().order);
    await eventually(() => orders.received.length === 10, 'all have arrived');
    expect([...on.values()]).toEqual([5, 5]);
  });

  it('are lost with their stream, once and with nobody else’s', async () => {
    const orders = await startOrders((order, stream) => {
      if (orders.received.length === 3) stream.die();
      else if (order.n === 1) stream.accept(order);
    });
    const streams = openStreams(orders.url);
    const [first, second, third] = [notingOrder(), notingOrder(), notingOrder()];
    streams.send(first.order);
    await eventually(() => first.noted.includes('accepted'), 'the first is accepted');
    streams.send(second.order)();
    streams.send(third.order);
    await eventually(() => third.noted.includes('lost'), 'the stream is lost');
    expect(first.noted).toEqual(['sent', 'accepted', 'lost']);
    expect(second.noted).toEqual(['sent']);
    expect(third.noted).toEqual(['sent', 'lost']);
  });
});

describe('a stream', () => {
  it('that orders wants to leave brings its answers still, and the next orders go on another', async () => {
    const held: [Arrived, PlayedStream][] = [];
    const orders = await startOrders((order, stream) => {
      if (orders.received.length === 1) held.push([order, stream]);
      else stream.confirm(order);
    });
    const gateway = await startGateway({ ORDERS_URL: orders.url });
    const first = post(gateway.url);
    await eventually(() => held.length === 1, 'the first order has arrived');
    orders.streams[0]?.askToLeave();
    await eventually(() => orders.streams.length === 2, 'another stream is open');
    expect(await post(gateway.url)).toMatchObject({ status: 200 });
    expect(orders.openStreams()).toBe(2);
    for (const [order, stream] of held) stream.confirm(order);
    expect(await first).toMatchObject({ status: 200 });
    await eventually(() => orders.openStreams() === 1, 'the gateway has ended the old one');
    expect(orders.received.map(({ n }) => n)).toEqual([1, 1]);
  });

  it('is renewed once in a while, and no order is lost by it', async () => {
    const orders = await startOrders((order, stream) =>
      setImmediate(() => {
        stream.confirm(order);
      }),
    );
    const streams = openStreams(orders.url, { renewMs: 20 });
    const sent = [];
    while (orders.streams.length < 4) {
      const next = notingOrder();
      sent.push(next);
      streams.send(next.order);
      await eventually(() => next.noted.length === 2, 'it is answered');
    }
    expect(new Set(sent.map(({ noted }) => noted.join()))).toEqual(new Set(['sent,answered 200']));
    await eventually(() => orders.openStreams() <= 2, 'the old ones are ended');
  });

  it('that is full takes no more orders, until orders reads again', async () => {
    const orders = await startRawOrders((socket) => socket.pause());
    const streams = openStreams(orders.url);
    const padding = 'x'.repeat(50_000);
    const sent = Array.from({ length: 400 }, () => notingOrder(padding));
    for (const { order } of sent) {
      streams.send(order);
      // A turn of the event loop each: only what is written can fill a socket.
      await new Promise((resolve) => setImmediate(resolve));
    }
    await eventually(() => sent[0]?.noted.includes('sent') === true, 'the first orders are sent');
    await new Promise((resolve) => setImmediate(resolve));
    const late = notingOrder();
    const takeBack = streams.send(late.order);
    expect(late.noted).toEqual([]);
    takeBack();
    const last = notingOrder();
    streams.send(last.order);
    expect(last.noted).toEqual([]);
    orders.sockets[0]?.resume();
    await eventually(() => last.noted.includes('sent'), 'the last order is sent');
    expect(late.noted).toEqual([]);
  });

  it('on which orders falls silent is given up, and its orders are lost', async () => {
    const orders = await startRawOrders((socket) => socket.resume());
    const streams = openStreams(orders.url, { heartbeatMs: 10 });
    const { order, noted } = notingOrder();
    streams.send(order);
    await eventually(() => noted.includes('lost'), 'the silence is noticed');
    await eventually(() => orders.sockets.length > 1, 'another stream is opened');
  });
});
