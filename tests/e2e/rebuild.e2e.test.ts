// Read models are damaged and made again while orders flow: at the end each is what its events give, and the books are
// exact.
import { createPool, type Pool } from 'mysql2/promise';
import { z } from 'zod';
import { createClient } from '../stack/client.ts';
import { orderflow } from '../stack/command.ts';
import { addProduct, auditAtRest, orderUntil, registerUsers } from '../stack/shop.ts';
import { startStack, type Stack } from '../stack/stack.ts';

const CLIENTS = 20;
const PRODUCTS = 8;
const TURNS = 2;

type Damaged = 'users' | 'inventory' | 'orders';

/**
 * By read model: what is done to it. Rows that every order needs are changed; those that are asked for alone are
 * removed too.
 */
const DAMAGE: readonly (readonly [string, Damaged, readonly string[]])[] = [
  [
    'users',
    'users',
    ["UPDATE users SET uuid = 'x' WHERE user_id = 1", 'DELETE FROM users WHERE user_id = 2'],
  ],
  [
    'inventory.products',
    'inventory',
    [
      'UPDATE products SET sold_quantity = sold_quantity + 3',
      "UPDATE products SET name = 'x' WHERE product_id = 1",
    ],
  ],
  [
    'orders.products',
    'orders',
    [
      // The next fact of a product says what is available anew, but never what it is called.
      'UPDATE products SET available_quantity = available_quantity + 3',
      "UPDATE products SET name = CONCAT(name, '!')",
    ],
  ],
  [
    'known_users',
    'orders',
    ['DELETE FROM known_users WHERE user_id = 3', 'INSERT INTO known_users VALUES (999, "x")'],
  ],
  [
    'cart_lines',
    'orders',
    [
      'UPDATE cart_lines SET confirmed_order_count = confirmed_order_count + 1 WHERE user_id % 3 = 0',
      'DELETE FROM cart_lines WHERE user_id % 3 = 1',
      "UPDATE orders SET status = 'rejected' ORDER BY order_id LIMIT 5",
      'DELETE FROM orders ORDER BY order_id DESC LIMIT 5',
    ],
  ],
];

const rebuilt = z.object({
  repairedRows: z.number(),
  tables: z.array(
    z.object({
      table: z.string(),
      counts: z.object({ missing: z.number(), extra: z.number(), changed: z.number() }),
    }),
  ),
});

describe('read models that are damaged while orders flow', () => {
  let stack: Stack;
  let client: ReturnType<typeof createClient>;
  let pools: Readonly<Record<Damaged, Pool>>;

  beforeAll(async () => {
    stack = await startStack({ ORDER_WAIT_MS: '30000' });
    client = createClient(stack.gatewayUrl);
    const { host, port, adminUser: user, adminPassword: password } = stack.infra.mysql;
    const open = (database: string) => createPool({ host, port, user, password, database });
    const { users, inventory, orders } = stack.databases;
    pools = { users: open(users), inventory: open(inventory), orders: open(orders) };
  }, 120_000);

  afterAll(async () => {
    client.close();
    await Promise.all(Object.values(pools).map((pool) => pool.end()));
    await stack.close();
  }, 60_000);

  const rebuild = async (...args: string[]) =>
    rebuilt.parse(await orderflow(stack, 'rebuild', ...args));

  it('are made again from their events, and lose nothing of what is committed meanwhile', async () => {
    const userIds = await registerUsers(client.call, CLIENTS);
    const productIds: number[] = [];
    for (let n = 0; n < PRODUCTS; n += 1)
      productIds.push(await addProduct(client.call, `product ${n}`, 100_000));
    const stop = new AbortController();
    const ordering = orderUntil(stop.signal, client.call, { userIds, productIds, stride: 3 });
    for (let turn = 0; turn < TURNS; turn += 1) {
      for (const [readModel, service, statements] of DAMAGE) {
        for (const statement of statements) await pools[service].query(statement);
        expect((await rebuild(readModel)).repairedRows).toBeGreaterThan(0);
      }
    }
    stop.abort();
    const answers = await ordering;
    expect(new Set(answers.map(({ status }) => status))).toEqual(new Set([200]));

    const books = await auditAtRest(stack, answers);
    expect(books.breaches).toEqual([]);
    for (const [readModel] of DAMAGE) {
      for (const { counts } of (await rebuild(readModel, '--dry-run')).tables)
        expect(counts).toEqual({ missing: 0, extra: 0, changed: 0 });
    }
  }, 300_000);
});
