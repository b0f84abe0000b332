// How connections to brokers are opened, and how they are closed when the broker may be gone.
import net from 'node:net';

const KEEP_ALIVE_DELAY_MS = 60_000;
const CLOSE_TIMEOUT_MS = 2_000;

/** For kafkajs' `socketFactory`: TCP_NODELAY, without which the 99th percentile of a lone order was 72 ms, not 33. */
export function createSocket(at: {
  readonly host: string;
  readonly port: number;
  readonly onConnect: () => void;
}): net.Socket {
  const { host, port, onConnect } = at;
  const socket = net.connect({ host, port, noDelay: true }, onConnect);
  socket.setKeepAlive(true, KEEP_ALIVE_DELAY_MS);
  return socket;
}

/** Closes what may already be broken; resolves in any case, since kafkajs waits for answers that a dead broker never gives. */
export async function closeQuietly(close: () => Promise<void>): Promise<void> {
  const timeout = Promise.withResolvers<undefined>();
  const timer = setTimeout(() => {
    timeout.resolve(undefined);
  }, CLOSE_TIMEOUT_MS);
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
