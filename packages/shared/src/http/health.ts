// `/livez`: the process answers. `/readyz`: everything it needs to do its work is in place, each by name.
import type { Express } from 'express';

/** Named checks: each resolves when its part is in place, and throws what is wrong when it is not. */
export type HealthChecks = Readonly<Record<string, () => Promise<void> | void>>;

/** A check that takes longer has failed: a probe must not hang with what it probes. */
const CHECK_TIMEOUT_MS = 2_000;

interface CheckResult {
  readonly status: 'ok' | 'failing';
  readonly reason?: string;
}

/** Adds the two routes. They are for probes and operators, not for the public: reasons are told as they are. */
export function healthRoutes(app: Express, checks: HealthChecks): void {
  app.get('/livez', (_request, response) => {
    response.json({ status: 'ok' });
  });
  app.get('/readyz', async (_request, response) => {
    const entries = Object.entries(checks).map(
      async ([name, check]) => [name, await runCheck(check)] as const,
    );
    const results = await Promise.all(entries);
    const ready = results.every(([, result]) => result.status === 'ok');
    response
      .status(ready ? 200 : 503)
      .json({ status: ready ? 'ready' : 'not ready', checks: Object.fromEntries(results) });
  });
}

async function runCheck(check: () => Promise<void> | void): Promise<CheckResult> {
  let timer: NodeJS.Timeout | undefined;
  const timeout = new Promise<never>((_resolve, reject) => {
    const reason = new Error(`no answer within ${CHECK_TIMEOUT_MS} ms`);
    timer = setTimeout(() => {
      reject(reason);
    }, CHECK_TIMEOUT_MS);
  });
  try {
    await Promise.race([check(), timeout]);
    return { status: 'ok' };
  } catch (error) {
    return { status: 'failing', reason: error instanceof Error ? error.message : String(error) };
  } finally {
    clearTimeout(timer);
  }
}
