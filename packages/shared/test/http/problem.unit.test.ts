// Errors as HTTP says them: status, shape, and what is not told.
import type { Express } from 'express';
import { RequestRefusal } from '@orderflow/shared/http/problem.ts';
import { createHttpApp, listen, type HttpServer } from '@orderflow/shared/http/server.ts';
import { AppError } from '@orderflow/shared/runtime/appError.ts';
import { createLogger } from '@orderflow/shared/runtime/logger.ts';

let server: HttpServer;
let log = '';

beforeAll(async () => {
  const destination = { write: (line: string) => void (log += line) };
  const routes = (app: Express) => {
    app.get(['/fail', '/v1/fail', '/internal/fail'], () => {
      throw failure;
    });
  };
  const logger = createLogger({ service: 'test', level: 'info', destination });
  server = await listen(createHttpApp({ logger, health: {}, routes }), '127.0.0.1', 0);
});
afterAll(() => server.close());

let failure: unknown;

async function answerTo(error: unknown, path = '/fail') {
  failure = error;
  log = '';
  const response = await fetch(server.url + path, { headers: { 'x-request-id': 'req-1' } });
  return { response, body: await response.json() };
}

describe('an error', () => {
  it.each([
    ['invalid', 400],
    ['not_found', 404],
    ['conflict', 409],
    ['too_large', 413],
    ['unsupported', 415],
    ['key_reused', 422],
  ] as const)('that refuses as %s is answered by %i in the demo’s shape', async (code, status) => {
    const { response, body } = await answerTo(new RequestRefusal(code, 'because'));
    expect(response.status).toBe(status);
    expect(body).toEqual({ message: 'because', error: null });
    expect(log).not.toContain('a request failed');
  });

  it('that is operational and retryable is answered by 503 with Retry-After', async () => {
    const error = new AppError('database_away', 'The database is away', { retryable: true });
    const { response, body } = await answerTo(error);
    expect(response.status).toBe(503);
    expect(response.headers.get('retry-after')).toBe('1');
    expect(body).toEqual({ message: 'The database is away', error: null });
  });

  it.each(['outcome_unknown', 'commit_unknown', 'upstream_timeout'])(
    'that leaves the outcome open (%s) is answered by 504, never by 503',
    async (code) => {
      const error = new AppError(code, 'unknown', { retryable: true });
      const { response } = await answerTo(error);
      expect(response.status).toBe(504);
      expect(response.headers.get('retry-after')).toBeNull();
    },
  );

  it.each([
    ['a bug', new TypeError('secret of the house')],
    ['no error at all', 'secret of the house'],
    ['operational, not retryable', new AppError('x', 'secret of the house', { retryable: false })],
  ])('that is %s is answered by 500, told by correlation id only, and logged', async (_, error) => {
    const { response, body } = await answerTo(error);
    expect(response.status).toBe(500);
    expect(body).toEqual({ message: 'Internal error, see the log: req-1', error: null });
    expect(log).toContain('secret of the house');
  });

  it.each(['/v1/fail', '/V1/fail/', '/internal/fail'])('is problem+json on %s', async (path) => {
    const { response, body } = await answerTo(new RequestRefusal('conflict', 'because'), path);
    expect(response.headers.get('content-type')).toMatch(/^application\/problem\+json/);
    expect(body).toEqual({
      type: 'urn:orderflow:problem:conflict',
      title: 'The request cannot be carried out',
      status: 409,
      detail: 'because',
      correlationId: 'req-1',
    });
  });
});
