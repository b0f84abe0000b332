// Another protocol on the port of an HTTP server: connections that are handed over, and how they end when it drains.
import type { IncomingMessage, Server } from 'node:http';
import type { Socket } from 'node:net';

/**
 * A protocol for which a connection is handed over (RFC 9110, section 7.8). From then on the socket is the taker's: no
 * time-out of HTTP counts for it.
 */
export interface UpgradeTo {
  /** As `Upgrade` names it. */
  readonly protocol: string;
  readonly path: string;
  /**
   * Takes over; 101 was answered. When `leaving` is aborted the other side must be asked to end the connection: the
   * drain waits for that, and cuts off what is left when its patience is over.
   */
  readonly take: (socket: Socket, head: Buffer, leaving: AbortSignal) => void;
}

/** The connections of a server that were handed over. */
export interface Upgraded {
  /** From now on nobody is taken in, and those who are in are asked to leave. */
  readonly leave: () => void;
  /** Cuts off those who are left. */
  readonly destroy: () => void;
}

/**
 * Tells whether a request asks for this very protocol. All else that asks for an upgrade (some clients offer `h2c` with
 * every request) is answered as if it had not.
 */
export function isUpgradeTo(upgradeTo: UpgradeTo | undefined) {
  return ({ url, headers }: IncomingMessage): boolean =>
    upgradeTo !== undefined && url === upgradeTo.path && headers.upgrade === upgradeTo.protocol;
}

/** Hands connections over. Node's server counts them no more when it closes its connections, so they are kept here. */
export function takeUpgrades(server: Server, upgradeTo: UpgradeTo | undefined): Upgraded {
  const sockets = new Set<Socket>();
  const leaving = new AbortController();
  if (upgradeTo !== undefined)
    server.on('upgrade', (_request: IncomingMessage, socket: Socket, head: Buffer) => {
      // Whoever leaves takes nobody in: who asks will find another instance, or this one's successor.
      if (leaving.signal.aborted) {
        socket.on('error', () => undefined);
        socket.end('HTTP/1.1 503 Service Unavailable\r\nConnection: close\r\n\r\n');
        return;
      }
      sockets.add(socket);
      socket.once('close', () => sockets.delete(socket));
      const { protocol, take } = upgradeTo;
      const answer = ['HTTP/1.1 101 Switching Protocols', 'Connection: Upgrade'];
      socket.write([...answer, `Upgrade: ${protocol}`, '', ''].join('\r\n'));
      take(socket, head, leaving.signal);
    });
  return {
    leave: () => {
      leaving.abort();
    },
    destroy: () => {
      for (const socket of sockets) socket.destroy();
    },
  };
}
