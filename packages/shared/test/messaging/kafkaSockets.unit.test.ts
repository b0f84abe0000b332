// Connections that come up half: nothing of them stays open.
import { connectOrClose } from '../../src/messaging/kafkaSockets.ts';

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
