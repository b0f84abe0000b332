// Passes a request on to the service that answers it, and its answer back, byte for byte.
import type { IncomingMessage } from 'node:http';
import { pipeline } from 'node:stream/promises';
import type { Request, Response } from 'express';
import { RequestRefusal } from '@orderflow/shared/http/problem.ts';
import { contextOf } from '@orderflow/shared/http/requestContext.ts';
import { BODY_LIMIT_BYTES } from '@orderflow/shared/http/server.ts';
import { AppError } from '@orderflow/shared/runtime/appError.ts';
import {
  send,
  UpstreamFailure,
  type Upstream,
  type UpstreamAnswer,
  type UpstreamRequest,
} from './upstream.ts';

/** Headers that belong to one connection, not to the message (RFC 9110, section 7.6.1), and those that are set anew. */
const NOT_FORWARDED = new Set([
  'connection',
  'proxy-connection',
  'keep-alive',
  'te',
  'trailer',
  'transfer-encoding',
  'upgrade',
  'proxy-authenticate',
  'proxy-authorization',
]);
/** `expect` was answered by this server; host, length and correlation id are set anew. */
const SET_ANEW = new Set(['host', 'content-length', 'expect', 'x-request-id']);
/** The correlation id stands in the answer already; the service says the same one. */
const SAID_ALREADY = new Set(['x-request-id']);
/** Methods that change nothing: they may be sent twice (RFC 9110, section 9.2.1). */
const SAFE_METHODS = new Set(['GET', 'HEAD']);

/**
 * Makes the handler that passes requests on to `upstream`. Request bodies are at most 64 KiB and are read first: a slow
 * client then occupies nobody but the gateway, and a request that was not taken can be sent again. Short answers are
 * passed on whole, long ones streamed.
 * Throws a retryable AppError when the service is not there (503), `upstream_timeout` or `outcome_unknown` (504).
 */
export function createProxy(upstream: Upstream, timeoutMs: number) {
  return async (request: Request, response: Response): Promise<void> => {
    const body = await readBody(request);
    const client = watchClient(response);
    try {
      const answer = await sendWithRetry(upstream, {
        method: request.method,
        path: request.originalUrl,
        headers: requestHeaders(request, body),
        body,
        timeoutMs,
        onSend: client.onSend,
      });
      await relay(answer, response, { timeoutMs, hasClientGone: client.hasGone });
    } catch (error) {
      // Nobody can be told any more: the client has gone, or its answer broke half way. The log has it.
      if (client.hasGone() || response.headersSent) return;
      throw error instanceof UpstreamFailure ? explain(error, upstream, request) : error;
    }
  };
}

/** Gives up what was sent for a client that goes away, and what is sent after that. */
function watchClient(response: Response) {
  let hasGone = false;
  let giveUp: (() => void) | undefined;
  response.once('close', () => {
    if (response.writableFinished) return;
    hasGone = true;
    giveUp?.();
  });
  return {
    hasGone: () => hasGone,
    onSend: (way: () => void): void => {
      giveUp = way;
      if (hasGone) way();
    },
  };
}

/**
 * A service may close an idle connection at the very moment at which the gateway sends on it: the request then fails
 * though the service is well. It is sent once more, on a new connection, if that cannot do a thing twice: because the
 * method is safe, or because nothing had been sent. For all others the client must decide.
 */
async function sendWithRetry(upstream: Upstream, sent: UpstreamRequest): Promise<UpstreamAnswer> {
  try {
    return await send(upstream, sent);
  } catch (error) {
    if (!(error instanceof UpstreamFailure) || !error.reusedConnection || error.timedOut)
      throw error;
    if (!SAFE_METHODS.has(sent.method) && !error.nothingSent) throw error;
    return send(upstream, { ...sent, freshConnection: true });
  }
}

function explain(failure: UpstreamFailure, { name }: Upstream, request: Request): AppError {
  if (failure.nothingSent || (SAFE_METHODS.has(request.method) && !failure.timedOut)) {
    const message = `The ${name} service is not available, try again`;
    return new AppError('service_unavailable', message, { retryable: true, cause: failure });
  }
  if (SAFE_METHODS.has(request.method)) {
    const message = `The ${name} service did not answer in time, try again`;
    return new AppError('upstream_timeout', message, { retryable: true, cause: failure });
  }
  const message = `The ${name} service gave no answer: it is unknown whether the request was carried out`;
  return new AppError('outcome_unknown', message, { retryable: false, cause: failure });
}

/** The body; undefined when the request has none. */
async function readBody(request: IncomingMessage): Promise<Buffer | undefined> {
  const { 'content-length': length, 'transfer-encoding': encoding } = request.headers;
  if (length === undefined && encoding === undefined) return undefined;
  const refusal = new RequestRefusal('too_large', 'The body is larger than 64 KiB');
  if (Number(length ?? 0) > BODY_LIMIT_BYTES) throw refusal;
  const chunks: Buffer[] = [];
  let bytes = 0;
  // Not `for await`: that would destroy the request, and with it the connection, when it is left early.
  await new Promise<void>((resolve, reject) => {
    request.on('data', (chunk: Buffer) => {
      bytes += chunk.length;
      if (bytes > BODY_LIMIT_BYTES) reject(refusal);
      else chunks.push(chunk);
    });
    request.once('end', resolve);
    request.once('error', (cause) => {
      reject(new RequestRefusal('invalid', 'The request could not be read', { cause }));
    });
  });
  return Buffer.concat(chunks);
}

function requestHeaders(request: IncomingMessage, body: Buffer | undefined): string[] {
  const headers = forwardable(request, SET_ANEW);
  headers.push('X-Request-Id', contextOf(request).correlationId);
  // The framing comes from the bytes in hand and from no header of the client: nothing to smuggle a request with.
  // A POST without a body says so, too, or Node would send an empty one in chunks.
  if (body !== undefined || request.method === 'POST')
    headers.push('Content-Length', String(body?.length ?? 0));
  return headers;
}

/**
 * The message's own headers, names and values by turns, without those of its connection and those that its `Connection`
 * header names.
 */
function forwardable({ headers, rawHeaders }: IncomingMessage, except: ReadonlySet<string>) {
  const named = headers.connection?.toLowerCase().split(/\s*,\s*/) ?? [];
  const kept: string[] = [];
  for (let at = 0; at < rawHeaders.length; at += 2) {
    const name = rawHeaders[at] ?? '';
    const lower = name.toLowerCase();
    if (!NOT_FORWARDED.has(lower) && !except.has(lower) && !named.includes(lower))
      kept.push(name, rawHeaders[at + 1] ?? '');
  }
  return kept;
}

/** Passes the answer on. One that breaks in the middle breaks the client's connection: it must not look whole. */
async function relay(
  { head, body }: UpstreamAnswer,
  response: Response,
  { timeoutMs, hasClientGone }: { timeoutMs: number; hasClientGone: () => boolean },
): Promise<void> {
  response.writeHead(head.statusCode ?? 502, forwardable(head, SAID_ALREADY));
  if (body !== undefined) {
    // Each byte as one character: Node writes a text together with the headers, and a buffer after them.
    response.end(body.toString('latin1'), 'latin1');
    return;
  }
  head.setTimeout(timeoutMs, () => {
    head.destroy(new Error(`the answer stood still for ${timeoutMs} ms`));
  });
  head.once('error', (error) => {
    if (hasClientGone()) return;
    contextOf(response.req).logger.warn({ err: error }, 'an answer broke while it was passed on');
  });
  await pipeline(head, response);
}
