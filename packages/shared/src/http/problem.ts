// What went wrong, as HTTP says it: the one place with status codes for errors, and their two shapes.
import type { NextFunction, Request, Response } from 'express';
import { AppError } from '../runtime/appError.ts';
import type { Logger } from '../runtime/logger.ts';
import { contextOf } from './requestContext.ts';

/** Why a request is refused; the business's 'no' is `conflict`. */
export type RefusalCode = keyof typeof REFUSALS;

const REFUSALS = {
  invalid: { status: 400, title: 'The request is not valid' },
  not_found: { status: 404, title: 'Not found' },
  conflict: { status: 409, title: 'The request cannot be carried out' },
  too_large: { status: 413, title: 'The request is too large' },
  unsupported: { status: 415, title: 'The body is in a form that is not understood' },
  key_reused: { status: 422, title: 'The Idempotency-Key was used with another request' },
} as const;

/** The codes of operational errors that are answered otherwise than by 503 (retryable) or 500 (not). */
const OPERATIONAL = {
  outcome_unknown: { status: 504, title: 'The outcome is unknown' },
  // What the event store throws when not even reading back told: the same request, sent again, finds it out.
  commit_unknown: { status: 504, title: 'The outcome is unknown' },
  upstream_timeout: { status: 504, title: 'A service did not answer in time' },
} as const;
const UNAVAILABLE = { status: 503, title: 'Not available now, try again' } as const;
const BUG = { status: 500, title: 'Internal error' } as const;

/** Seconds after which a client may try again what was answered by 503. */
const RETRY_AFTER_SECONDS = 1;

/** A refused request. `message` is written for the client: it is sent as it is. */
export class RequestRefusal extends Error {
  readonly code: RefusalCode;
  constructor(code: RefusalCode, message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = 'RequestRefusal';
    this.code = code;
  }
}

/** An error as a client may see it. */
export interface Problem {
  readonly status: number;
  readonly code: string;
  readonly title: string;
  readonly detail: string;
}

/** The demo's shape for everything that is no success. */
export function demoMessage(message: string): { message: string; error: null } {
  return { message, error: null };
}

/**
 * What a client is told about an error. A refusal's and an operational error's message are told as they are; a bug's
 * is not: it may hold anything, so it stays in the log, where the correlation id finds it.
 */
export function problemOf(error: unknown, correlationId: string): Problem {
  const refusal = error instanceof RequestRefusal ? error : parserRefusal(error);
  if (refusal !== undefined) {
    return { ...REFUSALS[refusal.code], code: refusal.code, detail: refusal.message };
  }
  if (error instanceof AppError) {
    const known = Object.entries(OPERATIONAL).find(([code]) => code === error.code)?.[1];
    const answer = known ?? (error.retryable ? UNAVAILABLE : BUG);
    if (answer !== BUG) return { ...answer, code: error.code, detail: error.message };
  }
  return { ...BUG, code: 'internal', detail: `Internal error, see the log: ${correlationId}` };
}

/** What body-parser and the router throw (http-errors with a 4xx status), as a refusal; undefined for all others. */
function parserRefusal(error: unknown): RequestRefusal | undefined {
  if (!(error instanceof Error) || !('status' in error)) return undefined;
  const options = { cause: error };
  const type = 'type' in error ? error.type : undefined;
  if (type === 'entity.parse.failed')
    return new RequestRefusal('invalid', 'The body is not valid JSON', options);
  if (error.status === 413)
    return new RequestRefusal('too_large', 'The body is larger than 64 KiB', options);
  if (error.status === 415)
    return new RequestRefusal('unsupported', 'The encoding of the body is not supported', options);
  if (error.status === 400)
    return new RequestRefusal('invalid', 'The request could not be read', options);
  return undefined;
}

/** True where errors are problem+json; the demo's routes keep the demo's shape. */
export function speaksProblemJson(path: string): boolean {
  return /^\/(v1|internal)(\/|$)/i.test(path);
}

/** The Retry-After of an answer with this status, in seconds; undefined: it has none. */
export function retryAfterSecondsOf(status: number): number | undefined {
  return status === UNAVAILABLE.status ? RETRY_AFTER_SECONDS : undefined;
}

/** Answers with an error, in the shape of the route. 503 carries Retry-After. */
export function sendProblem(request: Request, response: Response, problem: Problem): void {
  const retryAfterSeconds = retryAfterSecondsOf(problem.status);
  if (retryAfterSeconds !== undefined) response.setHeader('Retry-After', String(retryAfterSeconds));
  response.status(problem.status);
  if (!speaksProblemJson(request.path)) {
    response.json(demoMessage(problem.detail));
    return;
  }
  const { correlationId } = contextOf(request);
  const { status, code, title, detail } = problem;
  // RFC 9457: `type` about:blank would allow no title of our own; an own URN names the code.
  const body = { type: `urn:orderflow:problem:${code}`, title, status, detail, correlationId };
  response.type('application/problem+json').send(JSON.stringify(body));
}

/** Logs what a request has failed by, if it is no refusal. */
export function logProblem(
  logger: Pick<Logger, 'error' | 'warn'>,
  error: unknown,
  { status }: Problem,
): void {
  if (status === BUG.status) logger.error({ err: error }, 'a request failed by a bug');
  else if (status > BUG.status) logger.warn({ err: error }, 'a request failed');
}

/** The last handler: every error of a request ends here, is logged if it is no refusal, and is answered. */
export function handleError(
  error: unknown,
  request: Request,
  response: Response,
  next: NextFunction,
): void {
  const { correlationId, logger } = contextOf(request);
  const problem = problemOf(error, correlationId);
  logProblem(logger, error, problem);
  // An answer under way cannot be taken back; Express' own handler then breaks the connection, so the client notices.
  if (response.headersSent) next(error);
  else sendProblem(request, response, problem);
}

/** The answer to unknown paths and methods: the demo's `{"url": …}`, or problem+json. */
export function handleUnknownRoute(request: Request, response: Response): void {
  const detail = `${request.originalUrl} not found`;
  const { status, title } = REFUSALS.not_found;
  if (speaksProblemJson(request.path)) {
    sendProblem(request, response, { status, title, code: 'not_found', detail });
  } else {
    response.status(status).json({ url: detail });
  }
}
