// A TCP proxy that does to connections what networks do: loses replies, delays, freezes, cuts. Without a fault it passes all on.
import { connect, createServer, type Server, type Socket } from 'node:net';
import type { Address } from '../../local/process/probes.ts';

/**
 * What is done to the connections. `lose-replies`: what the server says is dropped, and the connection is cut a moment
 * later: the request may have been carried out. `freeze`: no byte comes through, and nothing is closed. `refuse`:
 * whoever connects is cut off.
 */
export type ProxyFault =
  | { readonly kind: 'none' }
  | { readonly kind: 'lose-replies'; readonly cutAfterMs: number }
  | { readonly kind: 'delay'; readonly delayMs: number }
  | { readonly kind: 'freeze' }
  | { readonly kind: 'refuse' };

/** A running proxy. */
export interface Proxy {
  readonly port: number;
  /** From now on, for the connections that there are and those that come. `none` cuts those that have missed bytes. */
  readonly set: (fault: ProxyFault) => void;
  readonly close: () => Promise<void>;
}

interface Pair {
  readonly client: Socket;
  readonly server: Socket;
  /** What of it no longer comes through; it can never be whole again, so it is cut when the fault ends. */
  torn: 'nothing' | 'replies' | 'all';
}

const LOOPBACK = '127.0.0.1';

/** Starts a proxy on a port of the loopback (0: any). `target` is asked for each connection; undefined: nobody is there. */
export async function startProxy(target: () => Address | undefined, port = 0): Promise<Proxy> {
  const pairs = new Set<Pair>();
  let fault: ProxyFault = { kind: 'none' };
  const listener = createServer((client) => {
    const address = target();
    if (address === undefined || fault.kind === 'refuse') {
      client.destroy();
      return;
    }
    const torn = fault.kind === 'freeze' ? 'all' : 'nothing';
    const pair: Pair = { client, server: connect(address), torn };
    pairs.add(pair);
    joinPair(pair, () => fault);
    client.once('close', () => pairs.delete(pair));
  });
  return {
    port: await listen(listener, port),
    set: (next) => {
      fault = next;
      for (const pair of pairs) {
        if (next.kind === 'freeze') pair.torn = 'all';
        else if (pair.torn !== 'nothing' || next.kind === 'refuse') cut(pair);
      }
    },
    close: async () => {
      for (const pair of pairs) cut(pair);
      await new Promise((resolve) => listener.close(resolve));
    },
  };
}

function listen(listener: Server, port: number): Promise<number> {
  return new Promise((resolve, reject) => {
    listener.once('error', reject);
    listener.listen(port, LOOPBACK, () => {
      const address = listener.address();
      if (address === null || typeof address === 'string') reject(new Error('no TCP port'));
      else resolve(address.port);
    });
  });
}

function joinPair(pair: Pair, faultNow: () => ProxyFault): void {
  const { client, server } = pair;
  for (const socket of [client, server]) {
    socket.setNoDelay(true);
    socket.on('error', () => undefined);
  }
  carry(pair, client, server, faultNow);
  carry(pair, server, client, faultNow);
  client.on('close', () => server.destroy());
  server.on('close', () => client.destroy());
}

/** Passes on what `from` sends, as the fault of that moment has it. */
function carry(pair: Pair, from: Socket, to: Socket, faultNow: () => ProxyFault): void {
  const isReply = from === pair.server;
  /** Chunks that are late. Whatever the timers do, they go out in their order, and none overtakes them. */
  const late: Buffer[] = [];
  from.on('data', (chunk) => {
    const fault = faultNow();
    if (pair.torn === 'nothing' && fault.kind === 'lose-replies' && isReply) {
      pair.torn = 'replies';
      setTimeout(() => {
        cut(pair);
      }, fault.cutAfterMs);
    }
    if (pair.torn === 'all' || (pair.torn === 'replies' && isReply)) return;
    const delayMs = fault.kind === 'delay' ? fault.delayMs : 0;
    if (delayMs > 0 || late.length > 0) {
      late.push(chunk);
      setTimeout(() => to.write(late.shift() ?? ''), delayMs);
    } else if (!to.write(chunk)) {
      from.pause();
      to.once('drain', () => from.resume());
    }
  });
}

function cut({ client, server }: Pair): void {
  client.destroy();
  server.destroy();
}
