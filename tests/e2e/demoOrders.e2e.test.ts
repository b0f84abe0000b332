// The demo's API to the letter: orders and carts.
import { eventually } from '@orderflow/shared/testing/eventually.ts';
import { createClient, type Call } from '../stack/client.ts';
import { addProduct, registerUsers } from '../stack/shop.ts';
import { sendRaw } from '../stack/raw.ts';
import { startStack, type Stack } from '../stack/stack.ts';

const UUID = expect.stringMatching(/^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/) as string;
const INSTANT = expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/) as string;
const ID = expect.any(Number) as number;
const refusal = (message: string) => ({ message, error: null });

let stack: Stack;
let client: ReturnType<typeof createClient>;
let call: Call;
let userId: number;
let cameraId: number;

beforeAll(async () => {
  // A short wait, so that an order that cannot be decided is answered 202 soon.
  stack = await startStack({ ORDER_WAIT_MS: '3000' });
  client = createClient(stack.gatewayUrl);
  call = client.call;
  userId = (await registerUsers(call, 1))[0] ?? 0;
  cameraId = await addProduct(call, 'camera', 3);
}, 120_000);

afterAll(async () => {
  client.close();
  await stack.close();
}, 60_000);

describe('POST /order', () => {
  const product = (count: number) => ({
    id: cameraId,
    uuid: UUID,
    name: 'camera',
    count,
    created_at: INSTANT,
    updated_at: INSTANT,
    deleted_at: null,
  });
  const line = (count: number) => ({
    uuid: UUID,
    count,
    id: ID,
    inventory_id: cameraId,
    user_id: userId,
    updated_at: INSTANT,
    created_at: INSTANT,
  });

  it('takes the first order, counts the cart line up, and ends when the stock is out', async () => {
    const order = { productId: cameraId, userId };
    const first = await call('POST', '/order', order);
    expect(first.status).toBe(200);
    expect(first.json).toEqual({ resp: { inventoryResp: product(2), orderResp: line(1) } });
    expect(first.headers.location).toBe(`/v1/orders/${String(first.headers['order-id'])}`);

    const second = await sendRaw(
      stack.gatewayUrl,
      'POST',
      '/order',
      'application/x-www-form-urlencoded',
      `productId=${cameraId}&userId=${userId}`,
    );
    expect(second.json).toEqual({ resp: { inventoryResp: product(1), orderResp: line(2) } });
    const cartIds = [first, second].map(
      (answer) =>
        (answer.json as { resp: { orderResp: { id: number; uuid: string } } }).resp.orderResp,
    );
    expect(cartIds[1]).toMatchObject({ id: cartIds[0]?.id, uuid: cartIds[0]?.uuid });

    const asText = { productId: String(cameraId), userId: String(userId) };
    expect((await call('POST', '/order/', asText)).status).toBe(200);
    const last = await call('POST', '/order', order);
    expect(last.status).toBe(409);
    expect(last.json).toEqual(refusal('Product is out of stock'));

    for (const query of [`/order?userId=${userId}`, '/order']) {
      const list = await call('GET', query, query === '/order' ? { userId } : undefined);
      expect(list.status).toBe(200);
      expect(list.json).toEqual({
        resp: [{ ...line(3), deleted_at: null, inventory: product(0) }],
      });
    }
  });

  it.each([
    [{ userId: 1 }, 'productId field is missing from body params'],
    [{ userId: 1, productId: 0 }, 'productId field is missing from body params'],
    [{ productId: 1 }, 'userId field is missing from body params'],
  ])('answers 400 to %j', async (body, message) => {
    const answer = await call('POST', '/order', body);
    expect(answer.status).toBe(400);
    expect(answer.json).toEqual(refusal(message));
  });

  it.each(['3abc', { a: 1 }, [3], 1.5, -1, true])('takes no %j for an id', async (id) => {
    const answers = [
      await call('POST', '/order', { productId: id, userId }),
      await call('POST', '/order', { productId: cameraId, userId: id }),
    ];
    expect(answers.map((answer) => answer.status)).toEqual([400, 400]);
    expect(answers[0]?.text).toContain('productId');
    expect(answers[1]?.text).toContain('userId');
  });

  it('answers 409 for a product that nobody added', async () => {
    const answer = await call('POST', '/order', { productId: 999_999, userId });
    expect(answer.status).toBe(409);
    expect(answer.json).toEqual(refusal('No product exists with the given ID'));
  });

  it('answers 409 for a user that nobody registered', async () => {
    const answer = await call('POST', '/order', { productId: cameraId, userId: 999_999 });
    expect(answer.status).toBe(409);
    expect(answer.json).toEqual(refusal('No user exists with the given ID'));
  });

  it('answers 202 when inventory does not decide in time, and the order is decided later', async () => {
    const productId = await addProduct(call, 'late', 5);
    await stack.service('inventory').kill();
    const answer = await call('POST', '/order', { productId, userId });
    await stack.service('inventory').start();
    expect(answer.status).toBe(202);
    expect(answer.json).toEqual(refusal('Order accepted, not decided yet'));
    const location = String(answer.headers.location);
    await eventually(async () => {
      const { json } = await call('GET', location);
      return (json as { status: string }).status === 'confirmed';
    }, 'the order that was answered 202 is confirmed');
    const history = await call('GET', `${location}/history`);
    expect(JSON.stringify(history.json)).toMatch(/OrderRequested.*OrderConfirmed/);
    expect(history.text).not.toContain('requestHmac');
  });
});

describe('GET /order', () => {
  it('gives an empty list to a user without orders, and to an unknown one', async () => {
    const { resp } = (await call('POST', '/user', { email: 'idle@example.com' })).json as {
      resp: { id: number };
    };
    for (const id of [resp.id, 888_888])
      expect((await call('GET', `/order?userId=${id}`)).json).toEqual({ resp: [] });
  });

  it('asks for the user', async () => {
    const answer = await call('GET', '/order');
    expect(answer.status).toBe(400);
    expect(answer.json).toEqual(refusal('userId field is missing from query params'));
  });
});
