// A repeated order has one effect and one answer (promise P7).
import { createClient } from '../stack/client.ts';
import { addProduct, auditAtRest, registerUsers } from '../stack/shop.ts';
import { startStack, type Stack } from '../stack/stack.ts';

describe('an order with an Idempotency-Key', () => {
  let stack: Stack;
  let client: ReturnType<typeof createClient>;

  beforeAll(async () => {
    stack = await startStack();
    client = createClient(stack.gatewayUrl);
  }, 120_000);

  afterAll(async () => {
    client.close();
    await stack.close();
  }, 60_000);

  it('is placed once and answered alike, however often it is sent', async () => {
    const [userId] = await registerUsers(client.call, 1);
    const productId = await addProduct(client.call, 'camera', 10);
    const send = () =>
      client.call('POST', '/order', { userId, productId }, { 'idempotency-key': 'one-order' });

    const answers = await Promise.all(Array.from({ length: 50 }, send));
    expect(answers.map((answer) => answer.status)).toEqual(Array.from({ length: 50 }, () => 200));
    expect(new Set(answers.map((answer) => answer.text)).size).toBe(1);
    expect(new Set(answers.map((answer) => answer.headers['order-id'])).size).toBe(1);

    // Another order changes the cart and the stock; the repeated one still gets the answer of its time.
    expect((await client.call('POST', '/order', { userId, productId })).status).toBe(200);
    expect((await send()).text).toBe(answers[0]?.text);

    const books = await auditAtRest(stack, []);
    expect(books.breaches).toEqual([]);
    expect(books.products.get(productId)).toMatchObject({ sold: 2, available: 8 });
  }, 120_000);

  it('is refused when the key comes back with another body', async () => {
    const [userId] = await registerUsers(client.call, 1, 'another');
    const productId = await addProduct(client.call, 'lens', 10);
    const otherProductId = await addProduct(client.call, 'tripod', 10);
    const key = { 'idempotency-key': 'another-order' };
    expect((await client.call('POST', '/order', { userId, productId }, key)).status).toBe(200);
    const body = { userId, productId: otherProductId };
    const other = await client.call('POST', '/order', body, key);
    expect(other.status).toBe(422);
    expect(other.json).toMatchObject({
      message: expect.stringContaining('Idempotency-Key') as string,
    });
  }, 120_000);
});
