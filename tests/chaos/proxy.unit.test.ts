// The proxy does what networks do: a fault that disturbs nothing would make every run of chaos clean.
import { connect, createServer, type Server, type Socket } from 'node:net';
import { eventually } from '@orderflow/shared/testing/eventually.ts';
import { freePorts } from '../../local/process/probes.ts';
import { startProxy, type Proxy } from './proxy.ts';

let server: Server;
let proxy: Proxy;
let heard = '';
const clients: Socket[] = [];

/** A client's connection through the proxy, and what came back on it. */
async function open() {
  const socket = connect(proxy.port, '127.0.0.1');
  clients.push(socket);
  const client = { socket, got: '', isClosed: false };
  socket.setEncoding('utf8');
  socket.on('data', (text: string) => (client.got += text));
  socket.on('error', () => undefined);
  socket.on('close', () => (client.isClosed = true));
  await new Promise((resolve) => socket.once('connect', resolve));
  return client;
}

beforeEach(async () => {
  heard = '';
  server = createServer((socket) => {
    socket.on('error', () => undefined);
    socket.on('data', (chunk) => {
      heard += chunk.toString();
      socket.write(`re:${chunk.toString()}`);
    });
  });
  const [port = 0] = await freePorts(1);
  await new Promise<void>((resolve) => server.listen(port, '127.0.0.1', resolve));
  proxy = await startProxy(() => ({ host: '127.0.0.1', port }));
});

afterEach(async () => {
  for (const client of clients.splice(0)) client.destroy();
  await proxy.close();
  await new Promise((resolve) => server.close(resolve));
});

describe('the proxy', () => {
  it('passes on what both say while it is told nothing', async () => {
    const client = await open();
    client.socket.write('a');
    await eventually(() => client.got === 're:a', 'the reply has come');
  });

  it('loses replies: the server has heard, the client is cut off and has not', async () => {
    const client = await open();
    proxy.set({ kind: 'lose-replies', cutAfterMs: 10 });
    client.socket.write('a');
    await eventually(() => client.isClosed, 'the connection is cut');
    expect([heard, client.got]).toEqual(['a', '']);
  });

  it('freezes: nothing is heard and nothing is closed; what was frozen is cut when it ends', async () => {
    const client = await open();
    proxy.set({ kind: 'freeze' });
    client.socket.write('a');
    const other = await open();
    other.socket.write('b');
    expect(client.isClosed).toBe(false);
    proxy.set({ kind: 'none' });
    await eventually(() => client.isClosed && other.isClosed, 'the frozen connections are cut');
    expect([heard, client.got]).toEqual(['', '']);
  });

  it('delays: all comes, in order', async () => {
    const client = await open();
    proxy.set({ kind: 'delay', delayMs: 20 });
    for (const text of ['a', 'b', 'c']) {
      client.socket.write(text);
      await new Promise((resolve) => setImmediate(resolve));
    }
    await eventually(() => client.got.replaceAll('re:', '') === 'abc', 'all replies have come');
    expect(heard).toBe('abc');
  });

  it('refuses whoever comes, and cuts off whoever is there', async () => {
    const client = await open();
    proxy.set({ kind: 'refuse' });
    const other = await open();
    await eventually(() => client.isClosed && other.isClosed, 'both are cut off');
  });
});
