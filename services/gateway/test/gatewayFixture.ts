// For the gateway's tests: a real gateway, before services that are played by real local servers.
import {
  createServer,
  request as httpRequest,
  type IncomingMessage,
  type Server,
  type ServerResponse,
} from 'node:http';
import type { AddressInfo, Server as NetServer } from 'node:net';
import { listen } from '@orderflow/shared/http/server.ts';
import { createLogger } from '@orderflow/shared/runtime/logger.ts';
import { createGatewayApp, type GatewayAppConfig } from '../src/app.ts';

/** A port on which nobody listens: the discard service's, which is privileged and unused. */
const NOBODY = 'http://127.0.0.1:9';

export interface Gateway {
  readonly url: string;
  readonly port: number;
  giveUpWaiting(): void;
}

/** What a played service has received. */
export interface Received {
  readonly method: string | undefined;
  readonly url: string | undefined;
  readonly headers: IncomingMessage['headers'];
  readonly rawHeaders: readonly string[];
  readonly body: string;
}

export interface FakeService {
  readonly url: string;
  readonly port: number;
  readonly received: Received[];
  readonly server: Server;
  /** As kill -9 would: every connection is cut, nobody listens any more. */
  kill(): Promise<void>;
}

const cleanups: (() => Promise<void> | void)[] = [];

/** Ends everything that the functions below have started. */
export async function endAll(): Promise<void> {
  for (const cleanup of cleanups.splice(0).reverse()) await cleanup();
}

/** Starts a gateway; services that are not given are down. */
export async function startGateway(
  config: Partial<GatewayAppConfig> & { waitingLimit?: number } = {},
): Promise<Gateway> {
  const { waitingLimit, ...settings } = config;
  const gateway = createGatewayApp({
    logger: createLogger({ service: 'gateway', level: 'silent' }),
    config: {
      USERS_URL: NOBODY,
      INVENTORY_URL: NOBODY,
      ORDERS_URL: NOBODY,
      ORDER_WAIT_MS: 5_000,
      ORDER_STREAMS: 1,
      UPSTREAM_TIMEOUT_MS: 5_000,
      ...settings,
    },
    ...(waitingLimit === undefined ? {} : { waitingLimit }),
  });
  const server = await listen(gateway.app, '127.0.0.1', 0);
  cleanups.push(async () => {
    gateway.giveUpWaiting();
    await server.close();
    gateway.close();
  });
  return { url: server.url, port: server.port, giveUpWaiting: gateway.giveUpWaiting };
}

/** Starts a service that answers as `answer` says once it has read the request. */
export async function startService(
  answer: (request: Received, response: ServerResponse) => void,
  port = 0,
): Promise<FakeService> {
  const received: Received[] = [];
  const server = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('end', () => {
      if (request.headers.upgrade !== undefined) {
        // The gateway asks whoever plays orders for streams, though a test may be about something else.
        response.writeHead(404).end();
        return;
      }
      const { method, url, headers, rawHeaders } = request;
      const body = Buffer.concat(chunks).toString('utf8');
      received.push({ method, url, headers, rawHeaders, body });
      answer({ method, url, headers, rawHeaders, body }, response);
    });
    request.on('error', () => undefined);
  });
  const listening = await listenOn(server, port);
  const kill = () =>
    new Promise<void>((resolve) => {
      server.closeAllConnections();
      server.close(() => {
        resolve();
      });
    });
  cleanups.push(kill);
  return { server, received, kill, url: `http://127.0.0.1:${listening}`, port: listening };
}

/** Listens on loopback and gives the port. */
export async function listenOn(server: NetServer | Server, port = 0): Promise<number> {
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(port, '127.0.0.1', () => {
      resolve();
    });
  });
  return (server.address() as AddressInfo).port;
}

/** Ends `cleanup`'s thing together with the rest. */
export function onEnd(cleanup: () => Promise<void> | void): void {
  cleanups.push(cleanup);
}

/** A request whose every header is as given; fetch would refuse some of these. */
export function send(
  port: number,
  options: { method: string; path: string; headers?: Record<string, string | string[]> },
  body?: string,
): Promise<{ status: number | undefined; headers: Record<string, unknown>; body: string }> {
  return new Promise((resolve, reject) => {
    const request = httpRequest({ port, host: '127.0.0.1', ...options }, (answer) => {
      let text = '';
      answer.on('data', (chunk: Buffer) => (text += chunk.toString()));
      answer.on('error', reject);
      answer.on('end', () => {
        resolve({ status: answer.statusCode, headers: answer.headers, body: text });
      });
    });
    request.on('error', reject);
    request.end(body);
  });
}
