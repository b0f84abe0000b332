// What clients get when a service is down, silent, or closes a kept connection: and nothing is done twice.
import { connect, createServer as createNetServer, type Socket } from 'node:net';
import { eventually } from '@orderflow/shared/testing/eventually.ts';
import { endAll, listenOn, onEnd, send, startGateway, startService } from './gatewayFixture.ts';

afterEach(endAll);

const UNAVAILABLE = { message: 'The users service is not available, try again', error: null };

describe('a service that is down', () => {
  it('is answered by 503 with Retry-After in the demo’s shape', async () => {
    const gateway = await startGateway();
    const response = await fetch(`${gateway.url}/user`, { method: 'POST', body: '{}' });
    expect(response.status).toBe(503);
    expect(response.headers.get('retry-after')).toBe('1');
    expect(await response.json()).toEqual(UNAVAILABLE);
  });

  it('is answered by 503 as problem+json under /v1', async () => {
    const gateway = await startGateway();
    const response = await fetch(`${gateway.url}/v1/orders/abc`);
    expect(response.headers.get('content-type')).toMatch(/^application\/problem\+json/);
    expect(await response.json()).toMatchObject({ status: 503 });
  });

  it('leaves the other services’ routes alone', async () => {
    const upstream = await startService((_request, response) => response.end('ok'));
    const gateway = await startGateway({ INVENTORY_URL: upstream.url });
    expect((await fetch(`${gateway.url}/users`)).status).toBe(503);
    expect((await fetch(`${gateway.url}/inventory`)).status).toBe(200);
  });
});

describe('a service that does not answer', () => {
  it.each([
    ['GET', '/users', 'The users service did not answer in time, try again'],
    [
      'POST',
      '/user',
      'The users service gave no answer: it is unknown whether the request was carried out',
    ],
  ])('is answered by 504 to a %s', async (method, path, message) => {
    const upstream = await startService(() => undefined);
    const gateway = await startGateway({ USERS_URL: upstream.url, UPSTREAM_TIMEOUT_MS: 50 });
    const answer = await send(gateway.port, { method, path });
    expect(answer).toMatchObject({ status: 504, body: JSON.stringify({ message, error: null }) });
    expect(upstream.received).toHaveLength(1);
  });
});

/**
 * A service that keeps connections alive, then takes one more request on each and closes it without an answer: what the
 * gateway sees of a service that closes an idle connection while a request is on its way.
 */
async function startStaleService() {
  const requests: string[] = [];
  const sockets = new Set<Socket>();
  const server = createNetServer((socket) => {
    sockets.add(socket);
    let served = 0;
    socket.on('error', () => undefined);
    socket.on('data', (chunk) => {
      requests.push(chunk.toString().split('\r\n', 1)[0] ?? '');
      served += 1;
      if (served > 1) socket.destroy();
      else socket.write('HTTP/1.1 200 OK\r\nContent-Length: 2\r\nConnection: keep-alive\r\n\r\nok');
    });
  });
  const port = await listenOn(server);
  onEnd(() => {
    for (const socket of sockets) socket.destroy();
    server.close();
  });
  return { url: `http://127.0.0.1:${port}`, requests, connections: () => sockets.size };
}

describe('a kept connection that the service has just closed', () => {
  it('costs a GET nothing: it is sent again on a new one', async () => {
    const upstream = await startStaleService();
    const gateway = await startGateway({ USERS_URL: upstream.url });
    const headers = { 'content-length': '2' };
    for (let round = 0; round < 3; round += 1) {
      const answer = await send(gateway.port, { method: 'GET', path: '/users', headers }, '{}');
      expect(answer).toMatchObject({ status: 200, body: 'ok' });
    }
    // The second was taken by the kept connection and lost, and came again.
    expect(upstream.requests.length).toBeGreaterThan(3);
    expect(upstream.connections()).toBeGreaterThan(1);
  });

  it('leaves the outcome of a POST open: it may have been carried out, so it is not sent again', async () => {
    const upstream = await startStaleService();
    const gateway = await startGateway({ USERS_URL: upstream.url });
    const post = () => send(gateway.port, { method: 'POST', path: '/user' }, '{}');
    expect(await post()).toMatchObject({ status: 200 });
    expect(await post()).toMatchObject({ status: 504 });
    const posts = upstream.requests.filter((line) => line.startsWith('POST'));
    expect(posts).toHaveLength(2);
  });

  it('is not taken for one when a new connection breaks: a GET is answered by 503', async () => {
    const upstream = await startService((_request, response) => response.destroy());
    const gateway = await startGateway({ USERS_URL: upstream.url });
    const answer = await send(gateway.port, { method: 'GET', path: '/users' });
    expect(answer).toMatchObject({ status: 503, body: JSON.stringify(UNAVAILABLE) });
    expect(upstream.received).toHaveLength(1);
  });
});

describe('a short answer that breaks off', () => {
  it.each([
    ['GET', '/users', 503],
    ['POST', '/user', 504],
  ])('is answered to a %s as none', async (method, path, status) => {
    const upstream = await startService((_request, response) => {
      response.writeHead(200, { 'content-length': '8' });
      response.write('half', () => response.destroy());
    });
    const gateway = await startGateway({ USERS_URL: upstream.url });
    const answer = await send(gateway.port, { method, path });
    expect(answer).toMatchObject({ status });
    expect(answer.body).not.toContain('half');
    expect(upstream.received).toHaveLength(1);
  });
});

describe('a client that goes away', () => {
  it('does not keep the connection to the service', async () => {
    let cut = false;
    const upstream = await startService((_request, response) => {
      response.once('close', () => (cut = true));
    });
    const gateway = await startGateway({ USERS_URL: upstream.url });
    const client = connect(gateway.port, '127.0.0.1');
    client.write('GET /users HTTP/1.1\r\nHost: x\r\n\r\n');
    await eventually(() => upstream.received.length === 1, 'the request has arrived');
    client.destroy();
    await eventually(() => cut, 'the connection to the service is closed');
  });
});
