// A server that is told to close: what it finishes, what it closes, and that no connection can hold it.
import { Agent, request as httpRequest, type IncomingMessage } from 'node:http';
import { connect, type Socket } from 'node:net';
import type { Express } from 'express';
import {
  createHttpApp,
  listen,
  parseBody,
  type HttpServer,
} from '@orderflow/shared/http/server.ts';
import { createLogger } from '@orderflow/shared/runtime/logger.ts';
import { eventually } from '@orderflow/shared/testing/eventually.ts';

function serve(routes: (app: Express) => void): Promise<HttpServer> {
  const logger = createLogger({ service: 'test', level: 'silent' });
  return listen(createHttpApp({ logger, health: {}, routes }), '127.0.0.1', 0);
}

function serveEcho(): Promise<HttpServer> {
  return serve((app) => {
    app.post('/echo', ...parseBody(), (request, response) => {
      response.json({ body: (request.body as unknown) ?? 'no body' });
    });
  });
}

describe('a server that is told to close', () => {
  it('finishes what is under way, closes idle connections and takes no more', async () => {
    let arrived = 0;
    const answering = Promise.withResolvers<undefined>();
    const server = await serve((app) => {
      app.get('/fast', (_request, response) => void response.json('fast'));
      app.get('/slow', async (_request, response) => {
        arrived += 1;
        await answering.promise;
        response.json('slow');
      });
      app.get('/begun', async (_request, response) => {
        arrived += 1;
        response.write('be');
        await answering.promise;
        response.end('gun');
      });
    });
    const agent = new Agent({ keepAlive: true });
    expect(await get(agent, server, '/fast')).toMatchObject({ body: '"fast"' });
    const slow = get(agent, server, '/slow');
    const begun = get(agent, server, '/begun');
    await eventually(() => arrived === 2, 'both requests have arrived');

    const closed = server.close();
    await expect(refused(server.port)).resolves.toBe('ECONNREFUSED');
    answering.resolve(undefined);
    expect(await slow).toEqual({ body: '"slow"', connection: 'close' });
    expect(await begun).toMatchObject({ body: 'begun' });
    await closed;
    agent.destroy();
  });

  it('first asks those who keep a connection to leave it, and still answers them', async () => {
    const server = await serve((app) => {
      app.get('/fast', (_request, response) => void response.json('fast'));
    });
    const agent = new Agent({ keepAlive: true, maxSockets: 1 });
    expect(await get(agent, server, '/fast')).toMatchObject({ connection: 'keep-alive' });
    const left = server.askToLeave();
    expect(await get(agent, server, '/fast')).toEqual({ body: '"fast"', connection: 'close' });
    await left;
    await server.close();
    await expect(refused(server.port)).resolves.toBe('ECONNREFUSED');
    agent.destroy();
  });

  it('does not wait for ever for those who keep their connection and say nothing', async () => {
    const server = await serveEcho();
    const silent = await openConnection(server.port);
    await server.askToLeave();
    await server.close();
    await ended(silent);
  });

  it('closes a kept connection at once, while another request is still under way', async () => {
    const answering = Promise.withResolvers<undefined>();
    let arrived = 0;
    const server = await serve((app) => {
      app.get('/fast', (_request, response) => void response.json('fast'));
      app.get('/slow', async (_request, response) => {
        arrived += 1;
        await answering.promise;
        response.json('slow');
      });
    });
    const kept = await openConnection(server.port);
    kept.write('GET /fast HTTP/1.1\r\nHost: x\r\n\r\n');
    await new Promise((resolve) => kept.once('data', resolve));
    const slow = get(new Agent(), server, '/slow');
    await eventually(() => arrived === 1, 'the slow request has arrived');
    const closed = server.close();
    await ended(kept);
    answering.resolve(undefined);
    expect(await slow).toMatchObject({ body: '"slow"' });
    await closed;
  });

  it.each([
    ['nothing', ''],
    ['half a head', 'POST /echo HTTP/1.1\r\nHost: x\r\n'],
  ])('does not wait for a connection that has sent %s', async (_what, sent) => {
    const server = await serveEcho();
    const bare = await openConnection(server.port);
    bare.write(sent);
    await server.close();
    await ended(bare);
  });

  it('cuts off a body that does not end, when its patience is over', async () => {
    const server = await serveEcho();
    const dripping = await openConnection(server.port);
    dripping.write('POST /echo HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n');
    dripping.write('Content-Length: 9\r\n\r\n{');
    const other = await fetch(`${server.url}/nope`);
    await other.text();
    await server.close(20);
    await ended(dripping);
  });
});

function openConnection(port: number): Promise<Socket> {
  return new Promise((resolve, reject) => {
    const socket = connect(port, '127.0.0.1');
    socket.once('error', reject);
    socket.once('connect', () => {
      // Cut off: that is what these tests are about.
      socket.off('error', reject).on('error', () => undefined);
      resolve(socket);
    });
  });
}

/** Resolves when the other side has closed the connection. */
async function ended(socket: Socket): Promise<void> {
  socket.resume();
  if (!socket.closed) await new Promise((resolve) => socket.once('close', resolve));
}

function get(
  agent: Agent,
  { port }: HttpServer,
  path: string,
): Promise<{ body: string; connection: string | undefined }> {
  return new Promise((resolve, reject) => {
    const options = { port, host: '127.0.0.1', path, agent };
    const onAnswer = (answer: IncomingMessage) => {
      let body = '';
      answer.on('data', (chunk: Buffer) => (body += chunk.toString()));
      answer.on('end', () => {
        resolve({ body, connection: answer.headers.connection });
      });
    };
    httpRequest(options, onAnswer).on('error', reject).end();
  });
}

function refused(port: number): Promise<string | undefined> {
  return new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1');
    socket.once('connect', () => {
      socket.destroy();
      resolve('connected');
    });
    socket.once('error', (error: NodeJS.ErrnoException) => {
      resolve(error.code);
    });
  });
}
