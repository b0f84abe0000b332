// The verifier on real databases whose cursors somebody has moved.
import { openAuditedShop, type AuditedShop } from './auditedShop.ts';

let shop: AuditedShop;

beforeAll(async () => {
  shop = await openAuditedShop({ users: 5, products: 3, stock: 40, orders: 120 });
});

afterAll(async () => {
  await shop.drop();
});

describe('A change by hand', () => {
  const cursor = "consumer = 'inventory' AND topic = 'orders.v1'";
  const furthest = async () => {
    const row = await shop.one(
      'inventory',
      `SELECT partition_id, position FROM consumer_cursors WHERE ${cursor} ORDER BY position DESC LIMIT 1`,
    );
    return { partition: Number(row.partition_id), position: Number(row.position) };
  };

  it('that moves a cursor back is named', async () => {
    const { partition, position } = await furthest();
    const where = `WHERE ${cursor} AND partition_id = ${partition}`;
    const { causationId } = JSON.parse(
      String(
        (
          await shop.one(
            'inventory',
            "SELECT metadata FROM events WHERE type = 'StockReserved' ORDER BY position LIMIT 1",
          )
        ).metadata,
      ),
    ) as { causationId: string };
    const [, back] = /^orders\/1\.(\d+)\./.exec(causationId) ?? [];
    const breaches = await shop.breachesAfter(
      'inventory',
      [`UPDATE consumer_cursors SET position = ${back} ${where}`],
      [`UPDATE consumer_cursors SET position = ${position} ${where}`],
    );
    expect(breaches).toContainEqual(
      expect.stringMatching(
        new RegExp(
          `^P8: cursor inventory/orders.v1/${partition} stands at 1.${back}.\\d+, but event .* the cursor was moved back$`,
        ),
      ),
    );
    expect(
      breaches.filter((text) => !text.includes(`cursor inventory/orders.v1/${partition}`)),
    ).toEqual([]);
  });

  it('that moves a cursor beyond the log of the publisher is named', async () => {
    const { partition, position } = await furthest();
    const where = `WHERE ${cursor} AND partition_id = ${partition}`;
    const breaches = await shop.breachesAfter(
      'inventory',
      [`UPDATE consumer_cursors SET position = 99999 ${where}`],
      [`UPDATE consumer_cursors SET position = ${position} ${where}`],
    );
    expect(breaches).toEqual([
      expect.stringMatching(
        new RegExp(
          `^P9: cursor inventory/orders.v1/${partition} stands at 1.99999.\\d+, which is ahead of the log of orders`,
        ),
      ),
    ]);
  });

  it('that makes the relay believe it has sent more than the log has is named', async () => {
    const { partition, position } = await furthest();
    const where = `WHERE topic = 'orders.v1' AND partition_id = ${partition}`;
    const breaches = await shop.breachesAfter(
      'orders',
      [`UPDATE relay_cursors SET position = 99999 ${where}`],
      [`UPDATE relay_cursors SET position = ${position} ${where}`],
    );
    expect(breaches).toEqual([
      expect.stringMatching(
        new RegExp(`^P9: relay cursor orders.v1/${partition} stands at 1.99999.\\d+, which`),
      ),
    ]);
  });
});

describe('A cursor that was moved on over requests that wait', () => {
  let waiting: AuditedShop;

  beforeAll(async () => {
    waiting = await openAuditedShop({ users: 2, products: 1, stock: 40, orders: 20, waiting: 3 });
  });

  afterAll(async () => {
    await waiting.drop();
  });

  it('is no breach before it is moved: the requests are in flight', async () => {
    const { findings, inFlight } = await waiting.audit();
    expect(findings.breaches).toEqual([]);
    expect(inFlight.undecidedOrders).toBe(3);
    expect(inFlight.messages['orders → inventory']).toBe(3);
  });

  it('is named with what it has jumped over', async () => {
    const { last } = await waiting.one('orders', 'SELECT MAX(position) AS last FROM events');
    const { partition_id: partition, position } = await waiting.one(
      'inventory',
      'SELECT partition_id, position FROM consumer_cursors ORDER BY position DESC LIMIT 1',
    );
    const where = `WHERE partition_id = ${partition}`;
    const breaches = await waiting.breachesAfter(
      'inventory',
      [`UPDATE consumer_cursors SET position = ${last} ${where}`],
      [`UPDATE consumer_cursors SET position = ${position} ${where}`],
    );
    expect(breaches).toEqual([
      expect.stringMatching(
        new RegExp(
          `^P8: cursor inventory/orders.v1/${partition} stands at 1.${last}.0, but the effect of ` +
            `message orders/1.${Number(last) - 2}.0 \\(OrderRequested, key 1\\) and of 2 more behind it is not in the log of inventory`,
        ),
      ),
    ]);
  });
});
