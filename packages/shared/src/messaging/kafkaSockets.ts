// How connections to brokers are opened, and how they are closed when the broker may be gone.
import net from 'node:net';
import tls from 'node:tls';

const KEEP_ALIVE_DELAY_MS = 60_000;
const CLOSE_TIMEOUT_MS = 2_000;

/**
 * For kafkajs' `socketFactory`: TCP_NODELAY, without which the 99th percentile of a lone order was 72 ms, not 33. It
 * stands in the place of kafkajs' own, so TLS begins here too: `onConnect` is called when the broker has shown a
 * certificate for the name or address that it was called by, signed by an authority that is trusted.
 */
export function createSocket(at: {
  readonly host: string;
  readonly port: number;
  /** kafkajs has null where nothing was given. */
  readonly ssl?: tls.ConnectionOptions | null;
  readonly onConnect: () => void;
}): net.Socket {
  const { host, port, ssl, onConnect } = at;
  const address = { host, port, noDelay: true };
  // An address is no server name (RFC 6066), and is compared with the certificate's addresses all the same.
  const name = net.isIP(host) === 0 ? { servername: host } : {};
  const socket =
    ssl === undefined || ssl === null
      ? net.connect(address, onConnect)
      : tls.connect({ ...ssl, ...name, ...address, rejectUnauthorized: true }, onConnect);
  socket.setKeepAlive(true, KEEP_ALIVE_DELAY_MS);
  return socket;
}

/** Closes what may already be broken; resolves in any case, since kafkajs waits for answers that a dead broker never gives. */
export async function closeQuietly(
  close: () => Promise<void>,
  timeoutMs = CLOSE_TIMEOUT_MS,
): Promise<void> {
  const timeout = Promise.withResolvers<undefined>();
  const timer = setTimeout(() => {
    timeout.resolve(undefined);
  }, timeoutMs);
  // An error while closing changes nothing: nothing waits for an answer on this connection.
  await Promise.race([close().catch(() => undefined), timeout.promise]);
  clearTimeout(timer);
}

/**
 * Connects, or closes what of it was connected and throws the error: a producer connects to the cluster before it asks
 * for its id, and without this each failed try would leave its sockets open.
 */
export async function connectOrClose(client: {
  connect(): Promise<void>;
  disconnect(): Promise<void>;
}): Promise<void> {
  try {
    await client.connect();
  } catch (error) {
    await closeQuietly(() => client.disconnect());
    throw error;
  }
}
