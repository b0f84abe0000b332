// One look at a server: does it answer? Spoken by hand in a few bytes, so that the launcher needs no database driver and no Kafka client.
import { connect, createServer } from 'node:net';
import { connect as connectSecurely } from 'node:tls';
import { setTimeout as wait } from 'node:timers/promises';

const PROBE_TIMEOUT_MS = 2_000;
const API_VERSIONS_KEY = 18;
const DESCRIBE_CLUSTER_KEY = 60;
const MYSQL_PROTOCOL_VERSION = 10;

/** An address that a server listens at. */
export interface Address {
  readonly host: string;
  readonly port: number;
  /** PEM of the authority behind the server's certificate: it is spoken to over TLS. */
  readonly ca?: string | undefined;
}

/** Parses "host:port"; throws when there is no port in it. */
export function parseAddress(text: string): Address {
  const [, host, port] = /^(?:[A-Z_]+:\/\/)?(.+):(\d+)$/.exec(text.trim()) ?? [];
  if (host === undefined || port === undefined) throw new Error(`${text} is not host:port`);
  return { host: host.replace(/^\[|\]$/g, ''), port: Number(port) };
}

/** True when a MySQL or MariaDB server greets; "too many connections" and the like are no greeting. */
export async function mysqlAnswers(address: Address): Promise<boolean> {
  const greeting = await exchange(address, undefined);
  // Three bytes of length, one of sequence, then the protocol's version, or 0xff for an error.
  return greeting[4] === MYSQL_PROTOCOL_VERSION;
}

/** True when a Kafka broker answers ApiVersions, which it does once it has joined its cluster and serves clients. */
export async function kafkaAnswers(address: Address): Promise<boolean> {
  const answer = await exchange(address, kafkaRequest(API_VERSIONS_KEY, 0));
  return answer.length >= 10 && answer.readInt16BE(8) === 0;
}

/** How many brokers of its cluster a Kafka broker (2.8 or newer) knows to be up, itself included; 0 when it cannot tell. */
export async function countKafkaBrokers(address: Address): Promise<number> {
  // Three zero bytes: no tagged fields in head and body, and no question about permissions.
  const answer = await exchange(address, kafkaRequest(DESCRIBE_CLUSTER_KEY, 3));
  // Size, correlation id, tagged fields and throttle time come first, then the error's code.
  if (answer.length < 16 || answer.readInt16BE(13) !== 0) return 0;
  let offset = 15;
  // Error message and cluster id: a length that counts from one (one byte, being short), then the text.
  for (let text = 0; text < 2; text += 1) offset += Math.max(answer.readUInt8(offset), 1);
  const controllerIdBytes = 4;
  return answer.readUInt8(offset + controllerIdBytes) - 1;
}

function kafkaRequest(apiKey: number, bodyBytes: number): Buffer {
  const request = Buffer.alloc(14 + bodyBytes);
  request.writeInt32BE(request.length - 4, 0); // the size of what follows
  request.writeInt16BE(apiKey, 4);
  request.writeInt16BE(0, 6); // the request's version
  request.writeInt32BE(1, 8); // the correlation id; one request a connection needs no other
  request.writeInt16BE(-1, 12); // no client id
  return request;
}

/** True when a GET answers 200 within the probe's time. */
export async function httpAnswers(url: string): Promise<boolean> {
  const answer = await fetch(url, { signal: AbortSignal.timeout(PROBE_TIMEOUT_MS) });
  await answer.arrayBuffer();
  return answer.status === 200;
}

/** Looks until the probe says yes; rejects with the server's name after timeoutMs. */
export async function untilAnswers(
  probe: () => Promise<boolean>,
  timeoutMs: number,
  name: string,
): Promise<void> {
  const deadline = performance.now() + timeoutMs;
  while (!(await probe().catch(() => false))) {
    if (performance.now() > deadline) throw new Error(`${name} did not answer in ${timeoutMs} ms`);
    await wait(100);
  }
}

/** True when nobody listens at the address, so that a server of ours may. */
export function isPortFree(address: Address): Promise<boolean> {
  return new Promise((resolve) => {
    const server = createServer();
    server.once('error', () => {
      resolve(false);
    });
    server.listen(address.port, address.host, () => {
      server.close(() => {
        resolve(true);
      });
    });
  });
}

/** Ports on 127.0.0.1 that were free a moment ago, all different; who starts a server there must be ready to lose one. */
export async function freePorts(count: number): Promise<number[]> {
  const servers = await Promise.all(Array.from({ length: count }, () => listenAnywhere()));
  // All are held until all are known: a port given back at once could be handed out twice.
  await Promise.all(servers.map((held) => held.close()));
  return servers.map((held) => held.port);
}

function listenAnywhere(): Promise<{ port: number; close: () => Promise<void> }> {
  return new Promise((resolve, reject) => {
    const server = createServer();
    server.once('error', reject);
    server.listen(0, '127.0.0.1', () => {
      const address = server.address();
      if (address === null || typeof address === 'string') {
        reject(new Error('a TCP server has no port'));
        return;
      }
      const close = () =>
        new Promise<void>((closed) =>
          server.close(() => {
            closed();
          }),
        );
      resolve({ port: address.port, close });
    });
  });
}

/** Sends a request, if there is one, and gives the first bytes of the answer; rejects when none come in time. */
function exchange(address: Address, request: Buffer | undefined): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    const socket = address.ca === undefined ? connect(address) : connectSecurely(address);
    const end = (error: Error | undefined, answer: Buffer = Buffer.alloc(0)) => {
      socket.destroy();
      if (error === undefined) resolve(answer);
      else reject(error);
    };
    socket.setTimeout(PROBE_TIMEOUT_MS, () => {
      end(new Error('no answer in time'));
    });
    socket.once('error', end);
    socket.once('close', () => {
      end(new Error('closed without an answer'));
    });
    socket.once('connect', () => {
      if (request !== undefined) socket.write(request);
    });
    socket.once('data', (answer: Buffer) => {
      end(undefined, answer);
    });
  });
}
