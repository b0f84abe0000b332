// A proxy before the database that can freeze: connections stay open, and no byte comes through any more.
import { connect, createServer, type AddressInfo, type Socket } from 'node:net';

export interface FrozenProxy {
  readonly port: number;
  /** From now on, or from the next statement on that holds `text` (which is not passed on), nothing comes through. */
  freeze(text?: string): void;
  /** Lets new connections through; those of before stay frozen. */
  thaw(): void;
  close(): Promise<void>;
}

/** Starts a proxy on a free port of the loopback. */
export async function startFrozenProxy(target: {
  readonly host: string;
  readonly port: number;
}): Promise<FrozenProxy> {
  const sockets = new Set<Socket>();
  let frozen = new WeakSet<Socket>();
  let isFrozen = false;
  let trigger: string | undefined;
  const freeze = (): void => {
    isFrozen = true;
    frozen = new WeakSet(sockets);
  };
  const listener = createServer((client) => {
    const server = connect(target);
    const stands = (): boolean => isFrozen || frozen.has(client);
    for (const socket of [client, server]) {
      sockets.add(socket);
      socket.on('error', () => undefined);
      socket.on('close', () => sockets.delete(socket));
    }
    client.on('data', (chunk) => {
      if (trigger !== undefined && chunk.includes(trigger)) freeze();
      if (!stands()) server.write(chunk);
    });
    server.on('data', (chunk) => {
      if (!stands()) client.write(chunk);
    });
    client.on('close', () => server.destroy());
    server.on('close', () => client.destroy());
  });
  await new Promise<void>((resolve) => listener.listen(0, '127.0.0.1', resolve));
  return {
    port: (listener.address() as AddressInfo).port,
    freeze(text) {
      trigger = text;
      if (text === undefined) freeze();
    },
    thaw() {
      trigger = undefined;
      isFrozen = false;
    },
    async close() {
      for (const socket of sockets) socket.destroy();
      await new Promise((resolve) => listener.close(resolve));
    },
  };
}
