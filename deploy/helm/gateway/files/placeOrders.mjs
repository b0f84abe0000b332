// What `helm test` runs: sells a small stock to the last piece through the gateway, and checks the books after it.
// Usage: node placeOrders.mjs <url of the gateway> <number of orders> <seconds for all of it>
import { randomUUID } from 'node:crypto';

const { fetch } = globalThis;
const RETRY_MS = 1_000;

const [url, orderCountText, secondsText] = process.argv.slice(2);
const orderCount = Number(orderCountText);
/** Until then it waits for services that are still starting. */
const deadline = Date.now() + Number(secondsText) * 1_000;

/** A check that failed: told in one line, without a stack. */
class Failure extends Error {}

function check(holds, what) {
  if (!holds) throw new Failure(what);
  console.log(`ok: ${what}`);
}

/** One request. An answer 502, 503 or 504, or none, is asked for again: only requests that may be repeated come here. */
async function call(method, path, body, headers = {}) {
  for (;;) {
    const trouble = await attempt(method, path, body, headers);
    if (trouble.answer !== undefined) return trouble.answer;
    if (Date.now() > deadline) throw new Failure(`${method} ${path}: ${trouble.reason}`);
    await new Promise((resolve) => setTimeout(resolve, RETRY_MS));
  }
}

async function attempt(method, path, body, headers) {
  try {
    const response = await fetch(new URL(path, url), {
      method,
      headers: { 'content-type': 'application/json', ...headers },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
    const text = await response.text();
    const { status } = response;
    if ([502, 503, 504].includes(status)) return { reason: `${status} ${text}` };
    return { answer: { status, text, orderId: response.headers.get('order-id') } };
  } catch (error) {
    return { reason: `${error.message} (${error.cause?.message ?? 'no cause given'})` };
  }
}

/** Makes something under a name that nobody has had. If an answer is lost, a name of its own is used for the next try. */
async function create(path, bodyFor) {
  for (;;) {
    const { status, text } = await call('POST', path, bodyFor(`helm-test-${randomUUID()}`));
    if (status === 200) return JSON.parse(text).resp;
    // 409: the lost first try had made it.
    if (status !== 409 || Date.now() > deadline)
      throw new Failure(`POST ${path}: ${status} ${text}`);
  }
}

/** Places an order and gives what became of it. Its key makes a repeat the same order. */
async function order(productId, userId) {
  const key = { 'idempotency-key': randomUUID() };
  const { status, text, orderId } = await call('POST', '/order', { productId, userId }, key);
  if (status === 200) return 'confirmed';
  if (status === 409) return text.includes('out of stock') ? 'out of stock' : `409 ${text}`;
  if (status !== 202) return `${status} ${text}`;
  return outcomeOf(orderId);
}

async function outcomeOf(orderId) {
  for (;;) {
    const { text } = await call('GET', `/v1/orders/${orderId}`);
    const { status, reason } = JSON.parse(text);
    if (status === 'confirmed') return 'confirmed';
    if (status === 'rejected') return `rejected: ${JSON.stringify(reason)}`;
    if (Date.now() > deadline) throw new Failure(`order ${orderId} is still ${status}`);
    await new Promise((resolve) => setTimeout(resolve, RETRY_MS));
  }
}

async function countOf(productId) {
  const { text } = await call('GET', '/inventory');
  const product = JSON.parse(text).resp.find(({ id }) => id === productId);
  if (product === undefined) {
    throw new Failure(`product ${productId} is not in GET /inventory, which lists 10,000 at most`);
  }
  return product.count;
}

async function main() {
  const user = await create('/user', (name) => ({ email: `${name}@example.com` }));
  const product = await create('/inventory', (name) => ({ name, count: orderCount + 1 }));
  console.log(`user ${user.id}, product ${product.id} with ${orderCount + 1} pieces`);

  const outcomes = await Promise.all(
    Array.from({ length: orderCount }, () => order(product.id, user.id)),
  );
  const others = outcomes.filter((outcome) => outcome !== 'confirmed');
  check(others.length === 0, `${orderCount} orders are confirmed ${others.join('; ')}`.trim());
  const left = await countOf(product.id);
  check(left === 1, `1 piece is left: ${left}`);

  const last = await order(product.id, user.id);
  check(last === 'confirmed', `the last piece is sold: ${last}`);
  const beyond = await order(product.id, user.id);
  check(beyond === 'out of stock', `one order more finds nothing: ${beyond}`);
  const end = await countOf(product.id);
  check(end === 0, `0 pieces are left: ${end}`);

  const { text } = await call('GET', `/order?userId=${user.id}`);
  const bought = JSON.parse(text).resp.map(({ count }) => count);
  const expected = orderCount + 1;
  check(bought.length === 1 && bought[0] === expected, `the user has ${expected}: ${bought}`);
}

try {
  await main();
  console.log('passed');
} catch (error) {
  console.error(`FAILED: ${error instanceof Failure ? error.message : error.stack}`);
  process.exitCode = 1;
}
