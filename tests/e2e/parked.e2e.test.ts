// A product whose log is damaged: its orders are parked, others go on, and an operator brings them to an end.
import { createPool, type Pool } from 'mysql2/promise';
import { z } from 'zod';
import { eventually } from '@orderflow/shared/testing/eventually.ts';
import { createClient } from '../stack/client.ts';
import { orderflow } from '../stack/command.ts';
import { addProduct, auditAtRest, placeOrder, registerUsers } from '../stack/shop.ts';
import { startStack, type Stack } from '../stack/stack.ts';
import type { ClientAnswer } from '../books/audit.ts';

const parkedList = z.object({
  keys: z.array(
    z.object({ consumer: z.string(), key: z.string(), count: z.number(), reason: z.string() }),
  ),
});
const stored = z.array(z.object({ position: z.number(), data: z.string() }));

describe('orders of a product whose events cannot be read', () => {
  let stack: Stack;
  let client: ReturnType<typeof createClient>;
  let inventory: Pool;

  beforeAll(async () => {
    stack = await startStack({ ORDER_WAIT_MS: '1000' });
    client = createClient(stack.gatewayUrl);
    const { host, port, adminUser: user, adminPassword: password } = stack.infra.mysql;
    inventory = createPool({ host, port, user, password, database: stack.databases.inventory });
  }, 120_000);

  afterAll(async () => {
    client.close();
    await inventory.end();
    await stack.close();
  }, 60_000);

  const listed = async () => parkedList.parse(await orderflow(stack, 'parked', 'list')).keys;
  const statusOf = async ({ orderId }: ClientAnswer) =>
    (await client.call('GET', `/v1/orders/${orderId ?? ''}`)).json;

  it('wait in order until somebody drops the first and tries the others again', async () => {
    const [userId = 0] = await registerUsers(client.call, 1);
    const damaged = await addProduct(client.call, 'damaged', 5);
    const sound = await addProduct(client.call, 'sound', 5);
    const orderOf = (productId: number) => placeOrder(client.call, { userId, productId });
    const answers = [await orderOf(damaged)];
    expect(answers[0]?.status).toBe(200);

    // A log that says that more was reserved than was ever there: whoever folds it throws.
    const restore = await damageProduct(damaged);
    const waiting = [await orderOf(damaged), await orderOf(damaged), await orderOf(damaged)];
    expect(waiting.map(({ status }) => status)).toEqual([202, 202, 202]);
    const other = await orderOf(sound);
    expect(other.status).toBe(200);
    answers.push(...waiting, other);
    await eventually(async () => {
      expect(await listed()).toMatchObject([
        {
          consumer: 'inventory',
          key: String(damaged),
          reason: expect.stringContaining('breaks') as unknown,
        },
      ]);
      return true;
    }, 'the key is parked');

    await expect(orderflow(stack, 'parked', 'retry', String(damaged))).rejects.toThrow(
      /stays parked with 3 messages.*breaks the stock/s,
    );
    await restore();
    expect(await orderflow(stack, 'parked', 'drop', String(damaged))).toMatchObject({
      key: String(damaged),
    });
    expect(await orderflow(stack, 'parked', 'retry', String(damaged))).toMatchObject({ left: 0 });
    expect(await listed()).toEqual([]);

    const books = await auditAtRest(stack, answers);
    expect(books.breaches).toEqual([]);
    expect(books.products.get(damaged)).toMatchObject({ sold: 3, available: 2, rejected: 1 });
    expect(await Promise.all(waiting.map(statusOf))).toMatchObject([
      { status: 'rejected', reason: 'request_dropped' },
      { status: 'confirmed' },
      { status: 'confirmed' },
    ]);
    expect((await orderOf(damaged)).status).toBe(200);
  }, 240_000);

  /** Changes the product's first event while inventory is down, and gives the way to put it back. */
  async function damageProduct(productId: number): Promise<() => Promise<void>> {
    const [rows] = await inventory.query(
      'SELECT position, data FROM events WHERE stream_id = ? AND version = 1',
      [`product-${productId}`],
    );
    const [first] = stored.parse(rows);
    if (first === undefined) throw new Error('The product has no events');
    const write = async (data: string) => {
      await inventory.query('UPDATE events SET data = ? WHERE position = ?', [
        data,
        first.position,
      ]);
    };
    await stack.service('inventory').stop();
    await write(first.data.replace('"quantity":5', '"quantity":0'));
    await stack.service('inventory').start();
    return () => write(first.data);
  }
});
