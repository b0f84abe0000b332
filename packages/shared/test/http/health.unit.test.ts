// Liveness and readiness: by name, and never hanging with what they probe.
import type { HealthChecks } from '@orderflow/shared/http/health.ts';
import { createHttpApp, listen, type HttpServer } from '@orderflow/shared/http/server.ts';
import { createLogger } from '@orderflow/shared/runtime/logger.ts';

let server: HttpServer | undefined;
afterEach(() => server?.close());

async function probe(path: string, health: HealthChecks) {
  const logger = createLogger({ service: 'test', level: 'silent' });
  const app = createHttpApp({ logger, health, routes: () => undefined });
  server = await listen(app, '127.0.0.1', 0);
  const response = await fetch(server.url + path);
  return { status: response.status, body: await response.json() };
}

const away = () => Promise.reject(new Error('connection refused'));

describe('a service', () => {
  it('is alive whatever it depends on does', async () => {
    expect(await probe('/livez', { database: away })).toEqual({
      status: 200,
      body: { status: 'ok' },
    });
  });

  it('is ready when every check passes', async () => {
    const health = { database: () => Promise.resolve(), migrations: () => undefined };
    expect(await probe('/readyz', health)).toEqual({
      status: 200,
      body: {
        status: 'ready',
        checks: { database: { status: 'ok' }, migrations: { status: 'ok' } },
      },
    });
  });

  it('is not ready when one fails, and says which and why', async () => {
    const health = {
      database: away,
      migrations: () => undefined,
      'consumer group': () => {
        throw new Error('not joined');
      },
    };
    expect(await probe('/readyz', health)).toEqual({
      status: 503,
      body: {
        status: 'not ready',
        checks: {
          database: { status: 'failing', reason: 'connection refused' },
          migrations: { status: 'ok' },
          'consumer group': { status: 'failing', reason: 'not joined' },
        },
      },
    });
  });

  it('is not ready when a check does not answer', async () => {
    const health = { database: () => new Promise<void>(() => undefined) };
    expect(await probe('/readyz', health)).toMatchObject({
      status: 503,
      body: { checks: { database: { reason: 'no answer within 2000 ms' } } },
    });
  });
});
