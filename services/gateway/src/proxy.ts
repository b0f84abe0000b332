// Passes a request on to the service that answers it, and its answer back, byte for byte.
import type { IncomingMessage } from 'node:http';
import { pipeline } from 'node:stream/promises';
import type { Request, Response } from 'express';
import { RequestRefusal } from '@orderflow/shared/http/problem.ts';
import { contextOf } from '@orderflow/shared/http/requestContext.ts';
import { BODY_LIMIT_BYTES } from '@orderflow/shared/http/server.ts';
import { AppError } from '@orderflow/shared/runtime/appError.ts';
import { send, UpstreamFailure, type Upstream, type UpstreamRequest } from './upstream.ts';

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
/** Methods that change nothing: they may be sent twice (RFC 9110, section 9.2.1). */
const SAFE_METHODS = new Set(['GET', 'HEAD']);

type Headers = Record<string, string | readonly string[]>;

/**
 * Makes the handler that passes requests on to `upstream`. Request bodies are at most 64 KiB and are read first: a slow
 * client then occupies nobody but the gateway, and a request that was not taken can be sent again. Answers are streamed.
 * Throws a retryable AppError when the service is not there (503), `upstream_timeout` or `outcome_unknown` (504).
 */
export function createProxy(upstream: Upstream, timeoutMs: number) {
  return async (request: Request, response: Response): Promise<void> => {
    const body = await readBody(request);
    const clientGone = new AbortController();
    response.once('close', () => {
      if (!response.writableFinished) clientGone.abort();
    });
    try {
      const answer = await sendWithRetry(upstream, {
        method: request.method,
        path: request.originalUrl,
        headers: requestHeaders(request, body),
        timeoutMs,
        signal: clientGone.signal,
        ...(body === undefined ? {} : { body }),
      });
      await relay(answer, response, { timeoutMs, clientGone: clientGone.signal });
    } catch (error) {
      // Nobody can be told any more: the client has gone, or its answer broke half way. The log has it.
      if (clientGone.signal.aborted || response.headersSent) return;
      throw error instanceof UpstreamFailure ? explain(error, upstream, request) : error;
    }
  };
}

/**
 * A service may close an idle connection at the very moment at which the gateway sends on it: the request then fails
 * though the service is well. It is sent once more, on a new connection, if that cannot do a thing twice: because the
 * method is safe, or because nothing had been sent. For all others the client must decide.
 */
async function sendWithRetry(upstream: Upstream, sent: UpstreamRequest): Promise<IncomingMessage> {
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

function requestHeaders(request: IncomingMessage, body: Buffer | undefined): Headers {
  const headers = forwardable(request, SET_ANEW);
  headers['x-request-id'] = contextOf(request).correlationId;
  // The framing comes from the bytes in hand and from no header of the client: nothing to smuggle a request with.
  if (body !== undefined) headers['content-length'] = String(body.length);
  return headers;
}

/** The message's own headers, without those of its connection and those that its `Connection` header names. */
function forwardable(message: IncomingMessage, except: ReadonlySet<string>): Headers {
  const named = (message.headers.connection ?? '').toLowerCase().split(/\s*,\s*/);
  return Object.fromEntries(
    Object.entries(message.headersDistinct).flatMap(([name, values]) =>
      values === undefined || NOT_FORWARDED.has(name) || except.has(name) || named.includes(name)
        ? []
        : [[name, values.length === 1 ? (values[0] ?? '') : values]],
    ),
  );
}

/** Streams the answer to the client. One that breaks in the middle breaks the client's connection: it must not look whole. */
async function relay(
  answer: IncomingMessage,
  response: Response,
  { timeoutMs, clientGone }: { timeoutMs: number; clientGone: AbortSignal },
): Promise<void> {
  // The correlation id stands in the answer already; the service says the same one.
  const headers = forwardable(answer, new Set(['x-request-id']));
  if (answer.statusCode !== undefined) response.status(answer.statusCode);
  for (const [name, value] of Object.entries(headers)) response.setHeader(name, value);
  answer.setTimeout(timeoutMs, () => {
    answer.destroy(new Error(`the answer stood still for ${timeoutMs} ms`));
  });
  answer.once('error', (error) => {
    if (clientGone.aborted) return;
    contextOf(response.req).logger.warn({ err: error }, 'an answer broke while it was passed on');
  });
  await pipeline(answer, response);
}
