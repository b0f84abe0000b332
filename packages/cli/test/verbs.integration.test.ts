// The verbs as an operator runs them: processes of their own, with settings in the environment, and exit codes.
import { z } from 'zod';
import { openAuditedShop, type AuditedShop } from './auditedShop.ts';
import { runVerb } from './runVerb.ts';

let shop: AuditedShop;

beforeAll(async () => {
  shop = await openAuditedShop({ users: 2, products: 2, stock: 30, orders: 40, waiting: 1 });
});

afterAll(async () => {
  await shop.drop();
});

const orderflow = (...args: string[]) => runVerb(shop, args);

const orderIdBy = async (type: string): Promise<string> =>
  String(
    (await shop.one('orders', `SELECT stream_id FROM events WHERE type = '${type}' LIMIT 1`))
      .stream_id,
  ).replace('order-', '');

describe('orderflow verify', () => {
  it('ends with 0 on a system that is whole, and names the positions for the next time', async () => {
    const { code, out } = await orderflow('verify');
    expect(out).toContain('No breach.');
    expect(code).toBe(0);
    const [, since = ''] = /--since (\d+\/\d+\/\d+)/.exec(out) ?? [];
    const later = await orderflow('verify', '--since', since, '--json');
    expect(later.code).toBe(0);
    expect(JSON.parse(later.out)).toMatchObject({ isClean: true, events: 0 });
  });

  it('ends with 1 on a breach', async () => {
    await shop.databases.users.admin.query('UPDATE log_head SET last_position = last_position + 1');
    const { code, out } = await orderflow('verify', '--json');
    await shop.databases.users.admin.query('UPDATE log_head SET last_position = last_position - 1');
    expect(code).toBe(1);
    expect(JSON.parse(out)).toMatchObject({
      isClean: false,
      breaches: [{ promise: 'P9', text: 'position 3 of users missing: log_head says 3' }],
    });
  });
});

describe('orderflow why', () => {
  it('tells who got what, and how much was there', async () => {
    const { code, out } = await orderflow('why', await orderIdBy('OrderConfirmed'));
    expect(code).toBe(0);
    expect(out).toMatch(/User \d+ requested \d of product \d at/);
    expect(out).toMatch(/inventory sold \d of the \d+ that were available/);
    expect(out).toMatch(/So the order was confirmed at/);
  });

  it('tells why an order was refused', async () => {
    const { out } = await orderflow('why', await orderIdBy('OrderRejected'));
    expect(out).toMatch(
      /inventory refused it \(out_of_stock\): \d were asked for, \d were available/,
    );
    expect(out).toMatch(/So the order was rejected at .*: out_of_stock/);
  });

  it('tells what an undecided order waits for', async () => {
    const row = await shop.one(
      'orders',
      'SELECT stream_id FROM events ORDER BY position DESC LIMIT 1',
    );
    const { out } = await orderflow('why', String(row.stream_id));
    expect(out).toMatch(
      /waits for inventory: the message was sent to orders.v1\/\d+, but inventory stands at/,
    );
    expect(out).toContain('The order is not decided yet.');
  });

  it('ends with 1 for an order that nobody has requested', async () => {
    const { code, err } = await orderflow('why', '01900000-0000-7000-8000-00000000ffff');
    expect(code).toBe(1);
    expect(err).toContain('Nobody has requested an order');
  });
});

describe('orderflow stream', () => {
  it('shows a state as it was at a version', async () => {
    const { out } = await orderflow('stream', 'product-1', '--at', '1', '--json');
    expect(JSON.parse(out)).toMatchObject({
      version: 1,
      state: { addedQuantity: 30, availableQuantity: 30 },
      events: [{ version: 1, type: 'ProductAdded' }],
    });
  });

  it('shows a state as it was at a time', async () => {
    const { out } = await orderflow(
      'stream',
      'product-1',
      '--at',
      '2026-01-01T00:00:00.001Z',
      '--json',
    );
    expect(JSON.parse(out)).toMatchObject({ version: 1, state: { soldQuantity: 0 } });
  });
});

describe('orderflow certificate', () => {
  it('adds a product up, and gives another digest once anything has happened', async () => {
    const certificate = z.object({
      added: z.number(),
      available: z.number(),
      held: z.number(),
      sold: z.number(),
      digest: z.string().length(64),
    });
    const [one, two] = await Promise.all([
      orderflow('certificate', '1', '--json'),
      orderflow('certificate', 'product-1', '--json'),
    ]);
    expect(one.code).toBe(0);
    expect(one.out).toBe(two.out);
    const { added, available, held, sold, digest } = certificate.parse(JSON.parse(one.out));
    expect(added).toBe(30);
    expect(available + held + sold).toBe(added);
    expect(sold).toBeGreaterThan(0);
    const other = certificate.parse(
      JSON.parse((await orderflow('certificate', '2', '--json')).out),
    );
    expect(other.digest).not.toBe(digest);
  });

  it('ends with 1 where an event was changed', async () => {
    const change = (from: string, to: string) =>
      shop.databases.inventory.admin.query(
        `UPDATE events SET data = REPLACE(data, '${from}', '${to}') WHERE stream_id = 'product-1' AND version = 1`,
      );
    await change('"quantity":30', '"quantity":31');
    const { code, err } = await orderflow('certificate', '1');
    await change('"quantity":31', '"quantity":30');
    expect(code).toBe(1);
    expect(err).toContain('does not match its hash');
  });
});

describe('orderflow parked', () => {
  const KEYS = 1_002;
  const keyOf = (index: number) => `key-${String(index).padStart(4, '0')}`;

  beforeAll(async () => {
    const rows = Array.from({ length: KEYS }, (_, index) => {
      const topic = index === KEYS - 1 ? 'users.v1' : 'inventory.v1';
      return ['orders', topic, 0, keyOf(index), 1, index + 1, 0, '{}', 'a test', '2026-01-01'];
    });
    await shop.databases.orders.admin.query(
      `INSERT INTO parked_messages (consumer, topic, partition_id, message_key,
        incarnation, position, part, value, reason, parked_at) VALUES ?`,
      [rows],
    );
  });
  afterAll(() => shop.databases.orders.admin.query('DELETE FROM parked_messages'));

  it('says that there are more keys than it lists', async () => {
    const { out } = await orderflow('parked', 'list');
    expect(out).toContain(`${keyOf(999)}  1 messages`);
    expect(out).not.toContain(keyOf(1_000));
    expect(out).toContain('orders has more than these 1000 keys: name a --consumer or a --topic');
    const asJson = await orderflow('parked', 'list', '--topic', 'users.v1', '--json');
    expect(JSON.parse(asJson.out)).toMatchObject({
      ...{ servicesWithMore: [], keys: [{ key: keyOf(KEYS - 1), topic: 'users.v1' }] },
    });
  });

  it('finds each key by its name, also one that no list shows', async () => {
    const shown = await orderflow('parked', 'show', keyOf(KEYS - 2), '--json');
    expect(shown.code).toBe(0);
    expect(JSON.parse(shown.out)).toMatchObject({ key: keyOf(KEYS - 2), count: 1 });
  });

  it('records a wish that nobody does, and says so', async () => {
    const { code, err } = await orderflow('parked', 'retry', keyOf(3), '--wait-seconds', '1');
    expect(code).toBe(1);
    expect(err).toContain('The wish is recorded, and was not done within 1 s');
  });
});
