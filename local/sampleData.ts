// A few users and products for a first start, made through the gateway like anybody's.
import { LaunchFailure } from './failure.ts';

const USERS = ['ada@example.com', 'grace@example.com'];
const PRODUCTS = [
  { name: 'concert ticket', count: 500 },
  { name: 'fountain pen', count: 25 },
];
const TIMEOUT_MS = 20_000;

/**
 * Makes the sample users and products if there are neither users nor products yet.
 * @returns true if it made them
 */
export async function seedIfEmpty(gatewayUrl: string, logFile: string): Promise<boolean> {
  const lists = await Promise.all([
    call(`${gatewayUrl}/users`, undefined, logFile),
    call(`${gatewayUrl}/inventory`, undefined, logFile),
  ]);
  if (!lists.every(isEmptyList)) return false;
  // One after the other, so that their ids are the same on every machine.
  for (const email of USERS) await call(`${gatewayUrl}/user`, { email }, logFile);
  for (const product of PRODUCTS) await call(`${gatewayUrl}/inventory`, product, logFile);
  return true;
}

function isEmptyList(body: unknown): boolean {
  return (
    typeof body === 'object' &&
    body !== null &&
    'resp' in body &&
    Array.isArray(body.resp) &&
    body.resp.length === 0
  );
}

async function call(url: string, body: object | undefined, logFile: string): Promise<unknown> {
  let said: string;
  try {
    const answer = await fetch(url, {
      signal: AbortSignal.timeout(TIMEOUT_MS),
      ...(body === undefined
        ? {}
        : {
            method: 'POST',
            headers: { 'content-type': 'application/json' },
            body: JSON.stringify(body),
          }),
    });
    const text = await answer.text();
    if (answer.ok) return JSON.parse(text) as unknown;
    said = `${answer.status} ${text}`;
  } catch (error) {
    said = String(error);
  }
  throw new LaunchFailure(
    `The sample data could not be made: ${url} gave ${said}`,
    '`npm start -- --no-seed` leaves it out.',
    logFile,
  );
}
