// What the gateway passes on: every byte, there and back.
import { endAll, send, startGateway, startService } from './gatewayFixture.ts';

afterEach(endAll);

describe('a request', () => {
  it.each([
    ['POST', '/user', 'USERS_URL'],
    ['GET', '/users', 'USERS_URL'],
    ['GET', '/Users/', 'USERS_URL'],
    ['HEAD', '/users', 'USERS_URL'],
    ['POST', '/INVENTORY', 'INVENTORY_URL'],
    ['GET', '/inventory/?after=3', 'INVENTORY_URL'],
    ['GET', '/order?userId=1&userId=%32', 'ORDERS_URL'],
    ['GET', '/v1/orders/a%2Fb', 'ORDERS_URL'],
    ['GET', '/V1/Orders/abc/History/', 'ORDERS_URL'],
  ] as const)('%s %s goes to %s as it is', async (method, path, service) => {
    const upstream = await startService((_request, response) => response.end());
    const gateway = await startGateway({ [service]: upstream.url });
    await send(gateway.port, { method, path });
    expect(upstream.received).toMatchObject([{ method, url: path }]);
  });

  it.each([
    ['GET', '/internal/users/1'],
    ['POST', '/internal/orders'],
    ['GET', '/v1/orders/a/b'],
    ['DELETE', '/user'],
    ['POST', '/users'],
  ])('%s %s goes nowhere', async (method, path) => {
    const upstream = await startService((_request, response) => response.end());
    const { url } = upstream;
    const gateway = await startGateway({ USERS_URL: url, INVENTORY_URL: url, ORDERS_URL: url });
    expect(await send(gateway.port, { method, path })).toMatchObject({ status: 404 });
    expect(upstream.received).toEqual([]);
  });

  it('keeps its body byte for byte, whatever the type, also that of a GET', async () => {
    const upstream = await startService((request, response) => response.end(request.body));
    const gateway = await startGateway({ USERS_URL: upstream.url });
    const body = '{"email" :\t"ä@example.com"} \r\n';
    for (const [method, path] of [
      ['POST', '/user'],
      ['GET', '/users'],
    ] as const) {
      const headers = { 'content-type': 'x/y', 'transfer-encoding': 'chunked' };
      expect(await send(gateway.port, { method, path, headers }, body)).toMatchObject({ body });
      expect(upstream.received.at(-1)).toMatchObject({
        body,
        headers: { 'content-type': 'x/y', 'content-length': String(Buffer.byteLength(body)) },
      });
    }
  });

  it('keeps its own headers and loses those of its connection', async () => {
    const upstream = await startService((_request, response) => response.end());
    const gateway = await startGateway({ USERS_URL: upstream.url });
    const headers = {
      connection: 'keep-alive, X-Hop',
      'x-hop': '1',
      te: 'trailers',
      'proxy-authorization': 'Basic x',
      'x-kept': ['a', 'b'],
      'x-request-id': 'req-1',
      traceparent: '00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01',
    };
    await send(gateway.port, { method: 'GET', path: '/users', headers });
    const [received] = upstream.received;
    expect(received?.headers).toEqual({
      host: `127.0.0.1:${upstream.port}`,
      connection: 'keep-alive',
      'x-kept': 'a, b',
      'x-request-id': 'req-1',
      traceparent: headers.traceparent,
    });
  });

  it('cannot lose its framing by a Connection header that names it', async () => {
    const upstream = await startService((request, response) => response.end(request.body));
    const gateway = await startGateway({ USERS_URL: upstream.url });
    const headers = { connection: 'content-length', 'content-length': '4' };
    const smuggled = 'GET ';
    expect(
      await send(gateway.port, { method: 'GET', path: '/users', headers }, smuggled),
    ).toMatchObject({ status: 200, body: smuggled });
    expect(upstream.received).toHaveLength(1);
  });

  it.each([
    ['that says so', { 'content-length': String(64 * 1024 + 1) }],
    ['that does not say so', { 'transfer-encoding': 'chunked' }],
  ])('with a body over 64 KiB %s is refused and not passed on', async (_case, headers) => {
    const upstream = await startService((_request, response) => response.end());
    const gateway = await startGateway({ USERS_URL: upstream.url });
    const body = 'x'.repeat(64 * 1024 + 1);
    expect(
      await send(gateway.port, { method: 'POST', path: '/user', headers }, body),
    ).toMatchObject({
      status: 413,
      body: '{"message":"The body is larger than 64 KiB","error":null}',
    });
    expect(upstream.received).toEqual([]);
  });
});

describe('an answer', () => {
  it('keeps status, headers and body, however large', async () => {
    const large = 'ab'.repeat(4 * 1024 * 1024);
    const upstream = await startService((_request, response) => {
      response.writeHead(409, { 'x-a': ['1', '2'], link: '</users?after=1>; rel="next"' });
      response.end(large);
    });
    const gateway = await startGateway({ USERS_URL: upstream.url });
    const answer = await send(gateway.port, { method: 'GET', path: '/users' });
    expect(answer.status).toBe(409);
    expect(answer.headers).toMatchObject({ 'x-a': '1, 2', link: '</users?after=1>; rel="next"' });
    expect(answer.body === large).toBe(true);
  });

  it('is passed on as it comes, not when it is whole', async () => {
    const rest = Promise.withResolvers<undefined>();
    const upstream = await startService((_request, response) => {
      response.write('first');
      void rest.promise.then(() => response.end('rest'));
    });
    const gateway = await startGateway({ USERS_URL: upstream.url });
    const reader = (await fetch(`${gateway.url}/users`)).body?.getReader();
    const first = await reader?.read();
    expect(Buffer.from(first?.value ?? []).toString()).toBe('first');
    rest.resolve(undefined);
    const second = await reader?.read();
    expect(Buffer.from(second?.value ?? []).toString()).toBe('rest');
  });

  it('that breaks off half way does not look whole to the client', async () => {
    const upstream = await startService((_request, response) => {
      response.write('half', () => response.destroy());
    });
    const gateway = await startGateway({ USERS_URL: upstream.url });
    const get = send(gateway.port, { method: 'GET', path: '/users' });
    await expect(get).rejects.toThrow(/aborted|hang up|ECONNRESET/);
  });
});
