// The verifier on real databases: what is whole is told to be whole, and each change by hand is found and named.
import { openAuditedShop, type AuditedShop } from './auditedShop.ts';

let shop: AuditedShop;

beforeAll(async () => {
  shop = await openAuditedShop({ users: 5, products: 3, stock: 40, orders: 120 });
});

afterAll(async () => {
  await shop.drop();
});

const keepEvent = 'CREATE TABLE kept AS SELECT * FROM events WHERE position =';
const restoreEvent = ['INSERT INTO events SELECT * FROM kept', 'DROP TABLE kept'];

describe('A system that nobody has touched', () => {
  it('has no breach, and its figures are those of its orders', async () => {
    const { findings, orders, inFlight, notCompared } = await shop.audit();
    expect(findings.breaches).toEqual([]);
    expect(orders.requested).toBe(120);
    expect(orders.confirmed + orders.rejected).toBe(120);
    expect(orders.confirmed).toBeGreaterThan(0);
    expect(orders.rejected).toBeGreaterThan(0);
    expect(inFlight.undecidedOrders).toBe(0);
    expect(notCompared).toEqual([]);
    for (const promise of ['P1', 'P2', 'P3', 'P4', 'P5', 'P6', 'P7', 'P8', 'P9'] as const)
      expect(findings.figuresOf(promise).checked).toBeGreaterThan(0);
  });

  it('has none when only its end is looked at', async () => {
    const { findings, events } = await shop.audit({ users: 3, inventory: 60, orders: 130 });
    expect(findings.breaches).toEqual([]);
    expect(events).toBeLessThan((await shop.audit()).events);
  });
});

describe('A change by hand', () => {
  it('of one event is found by its hash, and nothing else is blamed', async () => {
    const breaches = await shop.breachesAfter(
      'orders',
      ['UPDATE events SET data = REPLACE(data, \'"userId":\', \'"userId":1\') WHERE position = 7'],
      ['UPDATE events SET data = REPLACE(data, \'"userId":1\', \'"userId":\') WHERE position = 7'],
    );
    expect(breaches).toEqual([
      expect.stringMatching(
        /^P9: event 7 of orders \(order-\S+ version 1\) does not match its hash/,
      ),
    ]);
  });

  it('that sells a piece more is found by its hash', async () => {
    const sold = await shop.one(
      'inventory',
      "SELECT position, data FROM events WHERE type = 'StockReserved' ORDER BY position LIMIT 1",
    );
    const breaches = await shop.breachesAfter(
      'inventory',
      [
        `UPDATE events SET data = REPLACE(data, '"quantity":', '"quantity":1') WHERE position = ${sold.position}`,
      ],
      [
        `UPDATE events SET data = REPLACE(data, '"quantity":1', '"quantity":') WHERE position = ${sold.position}`,
      ],
    );
    expect(breaches).toContainEqual(
      expect.stringMatching(
        new RegExp(`^P9: event ${sold.position} of inventory \\(product-\\S+ version .*its hash`),
      ),
    );
    expect(breaches).toHaveLength(1);
  });

  it('that removes a decision is named by its position, its stream, and the message without its effect', async () => {
    const lost = await shop.one(
      'inventory',
      `SELECT e.position, e.stream_id, e.version, e.metadata FROM events AS e
        JOIN events AS n ON n.stream_id = e.stream_id AND n.version = e.version + 1
        WHERE e.type = 'StockReserved' ORDER BY e.position DESC LIMIT 1`,
    );
    const breaches = await shop.breachesAfter(
      'inventory',
      [`${keepEvent} ${lost.position}`, `DELETE FROM events WHERE position = ${lost.position}`],
      restoreEvent,
    );
    const { causationId } = JSON.parse(String(lost.metadata)) as { causationId: string };
    expect(breaches).toContainEqual(
      expect.stringContaining(`position ${lost.position} of inventory missing`),
    );
    expect(breaches).toContainEqual(
      expect.stringMatching(
        new RegExp(
          `\\(${lost.stream_id} version ${Number(lost.version) + 1}\\) follows version ${Number(lost.version) - 1}`,
        ),
      ),
    );
    expect(breaches).toContainEqual(
      expect.stringMatching(new RegExp(`^P8: .*message ${causationId} \\(OrderRequested, key`)),
    );
  });

  it('that removes the last event of a log is found by the head', async () => {
    const { position } = await shop.one('orders', 'SELECT MAX(position) AS position FROM events');
    const breaches = await shop.breachesAfter(
      'orders',
      [`${keepEvent} ${position}`, `DELETE FROM events WHERE position = ${position}`],
      restoreEvent,
    );
    expect(breaches).toContainEqual(
      `P9: position ${position} of orders missing: log_head says ${position}`,
    );
  });

  it('of one row of a read model is named with both values', async () => {
    const { available } = await shop.one(
      'inventory',
      'SELECT available_quantity AS available FROM products WHERE product_id = 2',
    );
    const breaches = await shop.breachesAfter(
      'inventory',
      ['UPDATE products SET available_quantity = available_quantity + 5 WHERE product_id = 2'],
      ['UPDATE products SET available_quantity = available_quantity - 5 WHERE product_id = 2'],
    );
    expect(breaches).toEqual([
      `P6: row 2 of inventory.products says available_quantity ${Number(available) + 5}, the fold ${available}`,
    ]);
  });

  it('that removes a row of a read model, or makes one up, is named', async () => {
    const { order_id: id } = await shop.one('orders', 'SELECT order_id FROM orders LIMIT 1');
    const removed = await shop.breachesAfter(
      'orders',
      [
        `CREATE TABLE kept AS SELECT * FROM orders WHERE order_id = '${id}'`,
        `DELETE FROM orders WHERE order_id = '${id}'`,
      ],
      ['INSERT INTO orders SELECT * FROM kept', 'DROP TABLE kept'],
    );
    expect(removed).toEqual([expect.stringContaining(`P6: row ${id} of orders.orders is missing`)]);
    const added = await shop.breachesAfter(
      'orders',
      ["INSERT INTO known_users VALUES (4711, '2026-01-01T00:00:00.000Z')"],
      ['DELETE FROM known_users WHERE user_id = 4711'],
    );
    expect(added).toEqual([
      'P6: row 4711 of orders.known_users is there, but no event of the log makes it',
    ]);
  });

  it('of the count of a cart line, and of a line in an order, is named', async () => {
    const cart = await shop.breachesAfter(
      'orders',
      [
        'UPDATE cart_lines SET confirmed_order_count = confirmed_order_count + 1 WHERE user_id = 1 AND product_id = 1',
      ],
      [
        'UPDATE cart_lines SET confirmed_order_count = confirmed_order_count - 1 WHERE user_id = 1 AND product_id = 1',
      ],
    );
    expect(cart).toEqual([
      expect.stringMatching(
        /^P6: row 1\/1 of orders.cart_lines says confirmed_order_count \d+, the fold \d+$/,
      ),
    ]);
  });

  it('that moves the head of the log is named', async () => {
    const breaches = await shop.breachesAfter(
      'users',
      ['UPDATE log_head SET last_position = last_position + 1'],
      ['UPDATE log_head SET last_position = last_position - 1'],
    );
    expect(breaches).toEqual(['P9: position 6 of users missing: log_head says 6']);
  });

  it('is undone: the system is whole again', async () => {
    expect((await shop.audit()).findings.breaches).toEqual([]);
  });
});
