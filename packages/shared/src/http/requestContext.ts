// What belongs to one request: its correlation id, its trace, its logger; and the line that the access log gets.
import { randomUUID } from 'node:crypto';
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Logger } from '../runtime/logger.ts';

/** A request's own things. The correlation id goes into events, messages, logs and the answer. */
export interface RequestContext {
  readonly correlationId: string;
  /** The W3C trace context as it was given, if it is well formed. */
  readonly traceparent: string | undefined;
  readonly logger: Logger;
}

const contexts = new WeakMap<IncomingMessage, RequestContext>();
const REQUEST_ID = /^[\w.:/+=-]{1,128}$/;
const TRACEPARENT = /^[0-9a-f]{2}-(?!0{32})([0-9a-f]{32})-(?!0{16})[0-9a-f]{16}-[0-9a-f]{2}$/;

/** The context that the app factory gave the request. Throws for a request that did not come through it. */
export function contextOf(request: IncomingMessage): RequestContext {
  const context = contexts.get(request);
  if (context === undefined) throw new Error('The request has no context: it bypassed the app');
  return context;
}

/**
 * Gives the request its context. The correlation id is the client's `X-Request-Id` if it is harmless in logs and
 * headers, else the trace id of its `traceparent` (W3C Trace Context, section 3.2), else a new one; the answer says it.
 */
export function openContext(
  request: IncomingMessage,
  response: ServerResponse,
  logger: Logger,
): RequestContext {
  const given = request.headers['x-request-id'];
  const traceparent = header(request.headers.traceparent);
  const traceId = traceparent === undefined ? undefined : TRACEPARENT.exec(traceparent)?.[1];
  const correlationId =
    typeof given === 'string' && REQUEST_ID.test(given) ? given : (traceId ?? randomUUID());
  const context = new OpenedContext(
    correlationId,
    traceId === undefined ? undefined : traceparent,
    logger,
  );
  contexts.set(request, context);
  response.setHeader('X-Request-Id', correlationId);
  return context;
}

class OpenedContext implements RequestContext {
  readonly correlationId: string;
  readonly traceparent: string | undefined;
  readonly #parent: Logger;
  #logger: Logger | undefined;

  constructor(correlationId: string, traceparent: string | undefined, parent: Logger) {
    this.correlationId = correlationId;
    this.traceparent = traceparent;
    this.#parent = parent;
  }

  /** Made when it is first asked for: most requests log nothing but their access, which has a logger of its own. */
  get logger(): Logger {
    return (this.#logger ??= this.#parent.child({ correlationId: this.correlationId }));
  }
}

function header(value: string | string[] | undefined): string | undefined {
  return typeof value === 'string' ? value : undefined;
}

/**
 * Writes one line when the request has ended, on a logger that need not redact: it has these fields and no others. The
 * path goes in without its query, which may hold personal data.
 */
export function logAccess(
  request: IncomingMessage,
  response: ServerResponse,
  { correlationId }: RequestContext,
  accessLogger: Logger,
): void {
  const startedAt = performance.now();
  const path = (request.url ?? '').split('?', 1)[0] ?? '';
  const level = path === '/livez' || path === '/readyz' ? 'debug' : 'info';
  response.once('close', () => {
    accessLogger[level](
      {
        correlationId,
        method: request.method,
        path,
        status: response.statusCode,
        durationMs: Math.round((performance.now() - startedAt) * 10) / 10,
        // False: the client went away before it had the answer. (JSON leaves `undefined` out.)
        answered: response.writableFinished ? undefined : false,
      },
      'request',
    );
  });
}
