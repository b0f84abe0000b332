// Connections that are handed over to another protocol, and a server that closes while some are open.
import { request as httpRequest } from 'node:http';
import type { Socket } from 'node:net';
import { createHttpApp, listen, type HttpServer } from '@orderflow/shared/http/server.ts';
import { createLogger } from '@orderflow/shared/runtime/logger.ts';
import { eventually } from '@orderflow/shared/testing/eventually.ts';

/** Serves a protocol `echo/1` that sends back what it gets, and says 'leave' when it must go. */
function serve(): Promise<HttpServer> {
  const logger = createLogger({ service: 'test', level: 'silent' });
  const app = createHttpApp({ logger, health: {}, routes: () => undefined });
  return listen(app, '127.0.0.1', 0, {
    protocol: 'echo/1',
    path: '/echo',
    take: (socket, head, leaving) => {
      socket.on('error', () => undefined);
      socket.write(head);
      socket.pipe(socket);
      leaving.addEventListener('abort', () => socket.write('leave'));
    },
  });
}

/** Asks for an upgrade; gives the socket, or the status of the answer. */
function upgrade(port: number, path = '/echo', protocol = 'echo/1'): Promise<Socket | number> {
  return new Promise((resolve, reject) => {
    const headers = { connection: 'Upgrade', upgrade: protocol };
    const request = httpRequest({ host: '127.0.0.1', port, path, headers, agent: false });
    request.on('error', reject);
    request.once('upgrade', (_answer, socket) => {
      resolve(socket);
    });
    request.once('response', (answer) => {
      answer.resume();
      resolve(answer.statusCode ?? 0);
    });
    request.end();
  });
}

async function upgraded(port: number): Promise<{ socket: Socket; text: () => string }> {
  const socket = await upgrade(port);
  if (typeof socket === 'number') throw new Error(`refused by ${socket}`);
  let text = '';
  socket.on('data', (chunk: Buffer) => (text += chunk.toString()));
  socket.on('error', () => undefined);
  return { socket, text: () => text };
}

describe('an upgrade', () => {
  it('hands the connection over, and all else that asks for one is answered as if it had not', async () => {
    const server = await serve();
    const { socket, text } = await upgraded(server.port);
    socket.write('hello');
    await eventually(() => text() === 'hello', 'the echo');
    expect(await upgrade(server.port, '/livez', 'h2c')).toBe(200);
    expect(await upgrade(server.port, '/livez')).toBe(200);
    expect(await upgrade(server.port, '/echo', 'h2c')).toBe(404);
    socket.end();
    await server.close();
  });
});

describe('a server that is told to close, with connections handed over', () => {
  it('asks them to leave, waits until they have, and takes no others', async () => {
    const server = await serve();
    const { socket, text } = await upgraded(server.port);
    const left = server.askToLeave();
    await eventually(() => text() === 'leave', 'it is asked to leave');
    expect(await upgrade(server.port)).toBe(503);
    let isClosed = false;
    const closed = left.then(() => server.close()).then(() => (isClosed = true));
    socket.write('!');
    await eventually(() => text() === 'leave!', 'it is still served');
    expect(isClosed).toBe(false);
    socket.end();
    await closed;
  });

  it('cuts off those that are left when its patience is over', async () => {
    const server = await serve();
    const { socket } = await upgraded(server.port);
    const ended = new Promise((resolve) => socket.once('close', resolve));
    await server.close(20);
    await ended;
  });
});
