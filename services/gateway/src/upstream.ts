// One request to a service behind the gateway; when it fails, what is certain about what was sent.
import {
  Agent,
  request as httpRequest,
  type ClientRequest,
  type IncomingMessage,
  type RequestOptions,
} from 'node:http';
import type { Socket } from 'node:net';
import { urlToHttpOptions } from 'node:url';

/** Shorter than the services keep idle connections (65 s): it is the gateway that closes them, so few ever go stale. */
const IDLE_CONNECTION_MS = 30_000;
/** Idle connections kept to each service. */
const IDLE_CONNECTIONS = 256;

/** A service behind the gateway. */
export interface Upstream {
  readonly name: string;
  /** Host and port, as node:http wants them. */
  readonly address: RequestOptions;
  readonly agent: Agent;
}

/** What is sent. `timeoutMs` bounds the wait for the answer's head. */
export interface UpstreamRequest {
  readonly method: string;
  /** Path and query, as they go into the request line. */
  readonly path: string;
  readonly headers: Readonly<Record<string, string | readonly string[]>>;
  readonly body?: Buffer;
  readonly timeoutMs: number;
  /** Gives the request up. */
  readonly signal?: AbortSignal;
  /** Past the pool: on a connection that is made for this request. */
  readonly freshConnection?: boolean;
}

/** No answer came. */
export class UpstreamFailure extends Error {
  /** Certain: not one byte of the request has left this process, so the service cannot have acted on it. */
  readonly nothingSent: boolean;
  /** The connection came from the pool, and may have been closed by the service just before. */
  readonly reusedConnection: boolean;
  readonly timedOut: boolean;
  constructor(
    message: string,
    facts: Pick<UpstreamFailure, 'nothingSent' | 'reusedConnection' | 'timedOut'>,
    cause: unknown,
  ) {
    super(message, { cause });
    this.name = 'UpstreamFailure';
    this.nothingSent = facts.nothingSent;
    this.reusedConnection = facts.reusedConnection;
    this.timedOut = facts.timedOut;
  }
}

/** Names a service and gives it a pool of connections. `agent.destroy()` closes them. */
export function createUpstream(name: string, url: string): Upstream {
  const agent = new Agent({
    keepAlive: true,
    maxFreeSockets: IDLE_CONNECTIONS,
    timeout: IDLE_CONNECTION_MS,
  });
  const { hostname, port } = urlToHttpOptions(new URL(url));
  return { name, agent, address: { hostname, port } };
}

/** Sends a request and gives the answer once its head is there; the body is still to be read. Throws UpstreamFailure. */
export function send(upstream: Upstream, sent: UpstreamRequest): Promise<IncomingMessage> {
  return new Promise((resolve, reject) => {
    const request = httpRequest({
      ...upstream.address,
      method: sent.method,
      path: sent.path,
      headers: sent.headers as Record<string, string | string[]>,
      agent: sent.freshConnection === true ? false : upstream.agent,
      ...(sent.signal === undefined ? {} : { signal: sent.signal }),
    });
    const nothingSent = watchSending(request);
    let timedOut = false;
    const timer = setTimeout(() => {
      timedOut = true;
      request.destroy(new Error(`no answer within ${sent.timeoutMs} ms`));
    }, sent.timeoutMs);
    request.once('response', (answer) => {
      clearTimeout(timer);
      resolve(answer);
    });
    request.on('error', (cause) => {
      clearTimeout(timer);
      const facts = {
        nothingSent: nothingSent(),
        reusedConnection: request.reusedSocket,
        timedOut,
      };
      reject(new UpstreamFailure(`${upstream.name}: ${cause.message}`, facts, cause));
    });
    request.end(sent.body);
  });
}

/**
 * Tells afterwards whether anything of the request can have left. A new connection sends once it is established. One
 * from the pool may be half dead already; bytes that were handed to the system count as sent, even if nobody took them.
 */
function watchSending(request: ClientRequest): () => boolean {
  let socket: Socket | undefined;
  let connected = false;
  let writtenBefore = 0;
  request.once('socket', (assigned) => {
    socket = assigned;
    connected = !assigned.connecting;
    writtenBefore = assigned.bytesWritten;
    // One from the pool never connects again: its listeners would pile up.
    if (connected) return;
    assigned.once('connect', () => {
      connected = true;
      writtenBefore = -1;
    });
  });
  return () => socket === undefined || !connected || socket.bytesWritten === writtenBefore;
}
