// A TCP proxy in front of MySQL that does something to the next COMMIT: what a network may do, at the worst moment.
import { connect, createServer, type AddressInfo, type Socket } from 'node:net';

/**
 * `lose-request`: the server never gets it. `lose-reply`: it commits, and the answer is lost. `delay`: the client's
 * side breaks, while the server gets it only when the test says so, or never.
 */
export type CommitFault = 'lose-request' | 'lose-reply' | 'delay';

export interface CommitProxy {
  readonly port: number;
  /** Applies the fault to the next COMMIT; `isLast`: nobody gets through to the server afterwards. */
  fail(fault: CommitFault, isLast?: boolean): void;
  /** After `delay`: lets the held COMMIT reach the server, or cuts its connection; resolves when its session has ended. */
  finish(how: 'commit' | 'cut'): Promise<void>;
  close(): Promise<void>;
}

/** Whether a packet is a query (COM_QUERY, 3, behind a header of 4 bytes) that ends in COMMIT: other statements may come before. */
function isCommit(packet: Buffer): boolean {
  return packet[4] === 3 && packet.toString('latin1').endsWith('COMMIT');
}

/** Starts a proxy on a free port of the loopback. */
export async function startCommitProxy(target: {
  readonly host: string;
  readonly port: number;
}): Promise<CommitProxy> {
  let next: { fault: CommitFault; isLast: boolean } | undefined;
  let isClosed = false;
  let held: Held | undefined;
  const sockets = new Set<Socket>();
  /** Decides what becomes of a COMMIT of this pair of sockets. Other statements pass. */
  const onCommit = (pair: Pair, commit: Buffer): void => {
    const fault = next?.fault;
    isClosed = next?.isLast ?? isClosed;
    next = undefined;
    if (fault !== 'lose-request') pair.mode = fault ?? 'pass';
    if (fault === 'delay') held = { server: pair.server, commit };
    // Ended, not only written to: the server goes through with the packet, whatever of it its first answer is about, and
    // then closes.
    else if (fault === 'lose-reply') pair.server.end(commit);
    else if (fault === undefined) pair.server.write(commit);
    if (fault === 'delay' || fault === 'lose-request') pair.client.destroy();
  };
  const listener = createServer((client) => {
    if (isClosed) {
      client.destroy();
      return;
    }
    const pair: Pair = { client, server: connect(target), mode: 'pass' };
    for (const socket of [client, pair.server]) {
      sockets.add(socket);
      socket.on('error', () => undefined);
      socket.on('close', () => sockets.delete(socket));
    }
    joinPair(pair, onCommit);
  });
  await new Promise<void>((resolve) => listener.listen(0, '127.0.0.1', resolve));
  return {
    port: (listener.address() as AddressInfo).port,
    fail(fault, isLast = false) {
      next = { fault, isLast };
    },
    async finish(how) {
      if (held === undefined) throw new Error('No COMMIT is held');
      await finishHeld(held, how);
    },
    async close() {
      for (const socket of sockets) socket.destroy();
      await new Promise((resolve) => listener.close(resolve));
    },
  };
}

interface Held {
  readonly server: Socket;
  readonly commit: Buffer;
}

async function finishHeld({ server, commit }: Held, how: 'commit' | 'cut'): Promise<void> {
  const ended = new Promise((resolve) => server.once('close', resolve));
  if (how === 'commit') server.end(commit);
  else server.destroy();
  await ended;
}

interface Pair {
  readonly client: Socket;
  readonly server: Socket;
  mode: 'pass' | 'lose-reply' | 'delay';
}

function joinPair(pair: Pair, onCommit: (pair: Pair, commit: Buffer) => void): void {
  const { client, server } = pair;
  client.on('data', (chunk) => {
    if (isCommit(chunk)) onCommit(pair, chunk);
    else server.write(chunk);
  });
  server.on('data', (chunk) => {
    if (pair.mode === 'pass') client.write(chunk);
  });
  client.on('close', () => {
    if (pair.mode === 'pass') server.destroy();
  });
  server.on('close', () => client.destroy());
}
