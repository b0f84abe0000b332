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
/** Longest answer that is gathered before it is passed on. */
const SHORT_ANSWER_BYTES = 64 * 1024;
/** Idle connections kept to each service. */
const IDLE_CONNECTIONS = 256;

/** A service behind the gateway. */
export interface Upstream {
  readonly name: string;
  /** Host and port, as node:http wants them. */
  readonly address: RequestOptions;
  /** As the Host header says it. */
  readonly host: string;
  readonly agent: Agent;
}

/** What is sent. `timeoutMs` bounds the wait for the answer's head, and for the whole of an answer that is gathered. */
export interface UpstreamRequest {
  readonly method: string;
  /** Path and query, as they go into the request line. */
  readonly path: string;
  /** Names and values by turns, as they go out; host and connection are added. */
  readonly headers: readonly string[];
  readonly body?: Buffer | undefined;
  readonly timeoutMs: number;
  /** Is handed the way to give the request up. */
  readonly onSend?: (giveUp: () => void) => void;
  /** Past the pool: on a connection that is made for this request. */
  readonly freshConnection?: boolean;
}

/** An answer. `body` is undefined for one that is long or does not say how long it is: it is still to be read. */
export interface UpstreamAnswer {
  readonly head: IncomingMessage;
  readonly body: Buffer | undefined;
}

/** No answer came, or not the whole of one that was to be gathered. */
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
  const { host } = new URL(url);
  const { hostname, port } = urlToHttpOptions(new URL(url));
  return { name, agent, address: { hostname, port }, host };
}

/**
 * Sends a request and gives the answer once its head is there, with the body if that is short: one write passes it on
 * then, where a stream costs as much as the request. Throws UpstreamFailure.
 */
export function send(upstream: Upstream, sent: UpstreamRequest): Promise<UpstreamAnswer> {
  return new Promise((resolve, reject) => {
    const { hostname, port } = upstream.address;
    const request = httpRequest({
      ...{ hostname, port, method: sent.method, path: sent.path },
      headers: ['Host', upstream.host, ...sent.headers],
      agent: sent.freshConnection === true ? false : upstream.agent,
    });
    const nothingSent = watchSending(request);
    let timedOut = false;
    const timer = setTimeout(() => {
      timedOut = true;
      request.destroy(new Error(`no answer within ${sent.timeoutMs} ms`));
    }, sent.timeoutMs);
    const fail = (cause: Error): void => {
      clearTimeout(timer);
      const facts = {
        nothingSent: nothingSent(),
        reusedConnection: request.reusedSocket,
        timedOut,
      };
      reject(new UpstreamFailure(`${upstream.name}: ${cause.message}`, facts, cause));
    };
    const answered = (answer: UpstreamAnswer): void => {
      clearTimeout(timer);
      resolve(answer);
    };
    request.on('error', fail);
    request.once('response', (head) => {
      if (isShort(head, sent.method)) gather(head, answered, fail);
      else answered({ head, body: undefined });
    });
    sent.onSend?.(() => request.destroy(new Error('given up')));
    request.end(sent.body);
  });
}

/** An answer to HEAD says how long another one would be. */
function isShort({ headers }: IncomingMessage, method: string): boolean {
  const length = headers['content-length'];
  return method !== 'HEAD' && length !== undefined && Number(length) <= SHORT_ANSWER_BYTES;
}

function gather(
  head: IncomingMessage,
  onWhole: (answer: UpstreamAnswer) => void,
  onFailure: (error: Error) => void,
): void {
  const chunks: Buffer[] = [];
  head.on('data', (chunk: Buffer) => chunks.push(chunk));
  head.once('error', onFailure);
  head.once('end', () => {
    const [only] = chunks;
    const body = only !== undefined && chunks.length === 1 ? only : Buffer.concat(chunks);
    onWhole({ head, body });
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
