// The app and server that all services share: context, bodies, unknown routes. Over real connections.
import type { Express } from 'express';
import { contextOf } from '@orderflow/shared/http/requestContext.ts';
import {
  createHttpApp,
  listen,
  parseBody,
  type HttpServer,
} from '@orderflow/shared/http/server.ts';
import { createLogger } from '@orderflow/shared/runtime/logger.ts';
import { eventually } from '@orderflow/shared/testing/eventually.ts';

const servers: HttpServer[] = [];
let lines: Record<string, unknown>[] = [];

async function serve(routes: (app: Express) => void): Promise<HttpServer> {
  const destination = {
    write: (line: string) => void lines.push(JSON.parse(line) as Record<string, unknown>),
  };
  const logger = createLogger({ service: 'test', level: 'info', destination });
  const server = await listen(createHttpApp({ logger, health: {}, routes }), '127.0.0.1', 0);
  servers.push(server);
  return server;
}

function serveEcho(): Promise<HttpServer> {
  return serve((app) => {
    app.post('/echo', ...parseBody(), (request, response) => {
      response.json({ body: (request.body as unknown) ?? 'no body' });
    });
  });
}

async function post(url: string, body: string, type = 'application/json') {
  const headers = { 'content-type': type };
  const response = await fetch(`${url}/echo`, { method: 'POST', body, headers });
  return { status: response.status, body: await response.json() };
}

afterEach(async () => {
  lines = [];
  await Promise.all(servers.splice(0).map((server) => server.close()));
});

describe('the correlation id', () => {
  const serveId = () =>
    serve((app) => {
      app.get('/id', (request, response) => {
        const { correlationId, traceparent = null } = contextOf(request);
        response.json({ correlationId, traceparent });
      });
    });
  const traceparent = '00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01';

  it.each([
    ['X-Request-Id, if it is given', { 'x-request-id': 'req-1', traceparent }, 'req-1'],
    ['else the trace id', { traceparent }, '4bf92f3577b34da6a3ce929d0e0e4736'],
  ])('is %s', async (_case, headers, expected) => {
    const { url } = await serveId();
    const response = await fetch(`${url}/id`, { headers });
    expect(response.headers.get('x-request-id')).toBe(expected);
    expect(await response.json()).toEqual({ correlationId: expected, traceparent });
    await eventually(() => lines.length > 0, 'the access log has a line');
    expect(lines[0]).toMatchObject({ correlationId: expected, path: '/id', status: 200 });
  });

  it.each([
    ['nothing is given', {}],
    ['what is given could do harm', { 'x-request-id': 'a b"{}', traceparent: '00-zz' }],
    ['the trace is all zeros', { traceparent: `00-${'0'.repeat(32)}-00f067aa0ba902b7-01` }],
  ])('is a new UUID when %s', async (_case, headers) => {
    const { url } = await serveId();
    const body: unknown = await (await fetch(`${url}/id`, { headers })).json();
    expect(body).toEqual({
      correlationId: expect.stringMatching(/^[0-9a-f]{8}-[0-9a-f-]{27}$/) as unknown,
      traceparent: null,
    });
  });
});

describe('the access log', () => {
  it('has no query, since it may be personal', async () => {
    const { url } = await serveEcho();
    await fetch(`${url}/nope?email=someone`);
    await eventually(() => lines.length > 0, 'the access log has a line');
    expect(lines[0]).toMatchObject({ method: 'GET', path: '/nope', status: 404 });
    expect(JSON.stringify(lines)).not.toContain('someone');
  });
});

describe('a body', () => {
  it.each([
    ['JSON', '{"a":1}', 'application/json', { a: 1 }],
    ['urlencoded', 'a=1&b=x', 'application/x-www-form-urlencoded', { a: '1', b: 'x' }],
    ['of another type is left alone', 'a', 'text/plain', 'no body'],
    ['JSON at the depth limit', '{"a":[[[[[[[1]]]]]]]}', 'application/json', undefined],
  ])('%s', async (_case, body, type, expected) => {
    const { url } = await serveEcho();
    const answer = await post(url, body, type);
    expect(answer).toEqual({
      status: 200,
      body: { body: expected ?? (JSON.parse(body) as unknown) },
    });
  });

  it.each([
    [400, 'The body is not valid JSON', '{"a":'],
    [400, 'The body is nested deeper than 8 levels', '{"a":[[[[[[[[1]]]]]]]]}'],
    [413, 'The body is larger than 64 KiB', JSON.stringify('x'.repeat(64 * 1024))],
  ])('is refused with %i: %s', async (status, message, body) => {
    const { url } = await serveEcho();
    expect(await post(url, body)).toEqual({ status, body: { message, error: null } });
  });
});

describe('an unknown path or method', () => {
  it.each([
    ['GET', '/nope?x=1'],
    ['DELETE', '/echo'],
  ])('%s %s is answered in the words of the demo', async (method, path) => {
    const { url } = await serveEcho();
    const response = await fetch(url + path, { method });
    expect(response.status).toBe(404);
    expect(await response.text()).toBe(`{"url":"${path} not found"}`);
  });

  it('is problem+json under /v1', async () => {
    const { url } = await serveEcho();
    const response = await fetch(`${url}/v1/nope`, { headers: { 'x-request-id': 'req-1' } });
    expect(response.headers.get('content-type')).toMatch(/^application\/problem\+json/);
    expect(await response.json()).toEqual({
      type: 'urn:orderflow:problem:not_found',
      title: 'Not found',
      status: 404,
      detail: '/v1/nope not found',
      correlationId: 'req-1',
    });
  });
});

describe('an app that listens twice', () => {
  it('keeps the prototypes of its requests and responses', async () => {
    const logger = createLogger({ service: 'test', level: 'silent' });
    const app = createHttpApp({ logger, health: {}, routes: () => undefined });
    const { request, response } = app;
    servers.push(await listen(app, '127.0.0.1', 0), await listen(app, '127.0.0.1', 0));
    expect(app.request).toBe(request);
    expect(app.response).toBe(response);
    for (const { url } of servers) expect((await fetch(`${url}/livez`)).status).toBe(200);
  });
});

describe('a port that is taken', () => {
  it('is named, with a way out', async () => {
    const { port } = await serveEcho();
    const app = createHttpApp({
      logger: createLogger({ service: 'second', level: 'silent' }),
      health: {},
      routes: () => undefined,
    });
    await expect(listen(app, '127.0.0.1', port)).rejects.toMatchObject({
      code: 'port_taken',
      message: `Port ${port} on 127.0.0.1 is taken. Stop what listens there, or set PORT to another.`,
    });
  });
});
