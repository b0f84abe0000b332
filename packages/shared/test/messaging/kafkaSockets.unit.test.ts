// Connections that come up half: nothing of them stays open.
import { createServer, type AddressInfo } from 'node:net';
import { TLSSocket } from 'node:tls';
import { connectOrClose, createSocket } from '../../src/messaging/kafkaSockets.ts';

it('what fails to connect is closed, and the first error is the one that counts', async () => {
  const calls: string[] = [];
  const client = {
    connect() {
      calls.push('connect');
      return Promise.reject(new Error('no producer id'));
    },
    disconnect() {
      calls.push('disconnect');
      return Promise.reject(new Error('not connected'));
    },
  };
  await expect(connectOrClose(client)).rejects.toThrow('no producer id');
  expect(calls).toEqual(['connect', 'disconnect']);
});

it('a connection is in plain text unless TLS is asked for, which kafkajs tells by null', async () => {
  const server = createServer((socket) => socket.end());
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  const connected = Promise.withResolvers<undefined>();
  const onConnect = () => {
    connected.resolve(undefined);
  };
  const socket = createSocket({ host: '127.0.0.1', port, ssl: null, onConnect });
  await connected.promise;
  expect(socket).not.toBeInstanceOf(TLSSocket);
  socket.destroy();
  server.close();
});
