// Two thousand users want one of five hundred pieces, all at once; and again with inventory killed in between.
import { z } from 'zod';
import type { Audit, ClientAnswer } from '../books/audit.ts';
import { createClient } from '../stack/client.ts';
import { eventually } from '@orderflow/shared/testing/eventually.ts';
import {
  addProduct,
  auditAtRest,
  countStatuses,
  placeOrder,
  registerUsers,
} from '../stack/shop.ts';
import { startStack, type Stack } from '../stack/stack.ts';

const BUYERS = 2_000;
const STOCK = 500;

const cart = z.object({ resp: z.array(z.object({ count: z.number(), inventory_id: z.number() })) });
const stock = z.object({ resp: z.array(z.object({ id: z.number(), count: z.number() })) });

describe('the race for the last pieces', () => {
  let stack: Stack;
  let client: ReturnType<typeof createClient>;
  let userIds: number[];

  beforeAll(async () => {
    // A slow machine must not turn a decision into a 202: this test is about what is decided, not when.
    stack = await startStack({ ORDER_WAIT_MS: '60000' });
    client = createClient(stack.gatewayUrl);
    userIds = await registerUsers(client.call, BUYERS);
  }, 300_000);

  afterAll(async () => {
    client.close();
    await stack.close();
  }, 60_000);

  const available = async (productId: number) => {
    const answer = await client.call('GET', '/inventory');
    return stock.parse(answer.json).resp.find((product) => product.id === productId)?.count;
  };
  const cartLinesOf = async (productId: number) => {
    const carts = await Promise.all(
      userIds.map((userId) => client.call('GET', `/order?userId=${userId}`)),
    );
    return carts
      .flatMap((answer) => cart.parse(answer.json).resp)
      .filter((line) => line.inventory_id === productId);
  };

  it('sells exactly 500 to 500 of 2,000 buyers, and loses no cart line', async () => {
    const productId = await addProduct(client.call, 'camera', STOCK);
    const answers = await Promise.all(
      userIds.map((userId) => placeOrder(client.call, { userId, productId })),
    );

    expect(countStatuses(answers)).toEqual({ 200: STOCK, 409: BUYERS - STOCK });
    expect(await available(productId)).toBe(0);
    expect(await cartLinesOf(productId)).toEqual(
      Array.from({ length: STOCK }, () => ({ count: 1, inventory_id: productId })),
    );
    const books = await auditAtRest(stack, answers);
    expect(books.breaches).toEqual([]);
    expect(books.products.get(productId)).toMatchObject({ sold: STOCK, available: 0, held: 0 });
  }, 300_000);

  it('decides every order and sells exactly 500 when inventory is killed in the middle', async () => {
    const productId = await addProduct(client.call, 'lens', STOCK);
    const otherProductId = await addProduct(client.call, 'tripod', 1);
    const inventory = stack.service('inventory');
    let answered = 0;
    const orders = userIds.map(async (userId) => {
      const answer = await placeOrder(client.call, { userId, productId });
      answered += 1;
      return answer;
    });
    await eventually(() => answered >= 200, 'some orders were answered, the others are under way');
    expect(answered).toBeLessThan(BUYERS);
    await inventory.kill();
    // Placed while nobody can decide it: that it is confirmed shows that the new process goes on where the old one was.
    const late = placeOrder(client.call, { userId: userIds[0] ?? 0, productId: otherProductId });
    await inventory.start();
    expect((await late).status).toBe(200);
    const answers = [...(await Promise.all(orders)), await late];

    const books = await auditAtRest(stack, answers);
    expect(books.breaches).toEqual([]);
    expect(answers.filter((answer) => !isHonest(answer, books))).toEqual([]);
    expect(books.products.get(productId)).toMatchObject({ sold: STOCK, available: 0, held: 0 });
    expect(await available(productId)).toBe(0);
    expect(await cartLinesOf(productId)).toHaveLength(STOCK);
  }, 300_000);
});

/** Decided, or 'not known yet' about an order that the log has decided since. No answer at all and a 5xx are neither. */
function isHonest({ status, orderId }: ClientAnswer, { decisions }: Audit): boolean {
  if (status === 200 || status === 409) return true;
  const isOpen = status === 202 || status === 504;
  return isOpen && orderId !== undefined && decisions.get(orderId) !== undefined;
}
