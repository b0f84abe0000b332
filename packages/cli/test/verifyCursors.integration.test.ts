// The verifier on real databases whose cursors somebody has moved.
import { formatPlace, START, type Place } from '@orderflow/shared/messaging/chain.ts';
import { openAuditedShop, type AuditedShop } from './auditedShop.ts';
import { assignments, fourthLast, placesOf } from './cursorsByHand.ts';
import { forgetRestore, noteRestore } from './notedRestore.ts';

let shop: AuditedShop;

beforeAll(async () => {
  shop = await openAuditedShop({ users: 300, products: 3, stock: 40, orders: 120 });
});

afterAll(async () => {
  await shop.drop();
});

/** A cursor of a consumer as it is stored, with the SQL that puts it back. */
async function consumerCursor(consumer: 'inventory' | 'orders', topic: string) {
  const cursor = `consumer = '${consumer}' AND topic = '${topic}'`;
  const row = await shop.one(
    consumer,
    `SELECT partition_id, position, part FROM consumer_cursors WHERE ${cursor} ORDER BY position DESC LIMIT 1`,
  );
  const partition = Number(row.partition_id);
  const where = `WHERE ${cursor} AND partition_id = ${partition}`;
  const [position, part] = [Number(row.position), Number(row.part)];
  const place: Place = { incarnation: 1, position, part };
  return {
    ...{ partition, place, where, name: `cursor ${consumer}/${topic}/${partition}` },
    undo: `UPDATE consumer_cursors SET ${assignments(place)} ${where}`,
  };
}

describe('A change by hand', () => {
  it('that moves a cursor back is named, with what was handled behind it', async () => {
    const { partition, where, undo } = await consumerCursor('inventory', 'orders.v1');
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
      [undo],
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

  it('that moves a cursor back over registrations is named by the rows that they have made, and the rows are not', async () => {
    const { partition, place, where, undo } = await consumerCursor('orders', 'users.v1');
    const back = fourthLast(await placesOf(shop, 'users.v1', partition));
    const breaches = await shop.breachesAfter(
      'orders',
      [`UPDATE consumer_cursors SET ${assignments(back)} ${where}`],
      [undo],
    );
    expect(breaches).toEqual([
      expect.stringMatching(
        new RegExp(
          `^P8: cursor orders/users.v1/${partition} stands at ${formatPlace(back)}, but row \\d+ of orders.known_users is what message users/1.\\d+.0 ` +
            `\\(UserRegistered, key \\d+\\) makes of it behind it, and 2 more show it, up to ${formatPlace(place)}: the cursor was moved back$`,
        ),
      ),
    ]);
  });

  it('that moves a cursor back behind a message that is parked is named', async () => {
    const { partition, place, where, undo, name } = await consumerCursor('orders', 'users.v1');
    const { position } = place;
    const back = fourthLast(await placesOf(shop, 'users.v1', partition));
    const parked = `INSERT INTO parked_messages (consumer, topic, partition_id, message_key, incarnation, position, part,
      value, reason, parked_at) VALUES ('orders', 'users.v1', ${partition}, '${position}', 1, ${position}, 0, 'x', 'y', 'z')`;
    const breaches = await shop.breachesAfter(
      'orders',
      [`UPDATE consumer_cursors SET ${assignments(back)} ${where}`, parked],
      [undo, 'DELETE FROM parked_messages'],
    );
    expect(breaches).toContainEqual(
      expect.stringMatching(
        new RegExp(
          `^P8: ${name} stands at ${formatPlace(back)}, but message users/${formatPlace(place)} \\(UserRegistered, key ${position}\\) ` +
            `is parked behind it up to ${formatPlace(place)}: the cursor was moved back$`,
        ),
      ),
    );
  });

  it('that moves a cursor beyond the log of the publisher is named', async () => {
    const { partition, where, undo } = await consumerCursor('inventory', 'orders.v1');
    const breaches = await shop.breachesAfter(
      'inventory',
      [`UPDATE consumer_cursors SET position = 99999 ${where}`],
      [undo],
    );
    expect(breaches).toEqual([
      expect.stringMatching(
        new RegExp(
          `^P9: cursor inventory/orders.v1/${partition} stands at 1.99999.\\d+, which is ahead of the log of orders`,
        ),
      ),
    ]);
  });

  it('that gives a cursor another incarnation or part is named', async () => {
    const { name, place, where, undo } = await consumerCursor('inventory', 'orders.v1');
    for (const [change, changed] of [
      ['incarnation = 7', { ...place, incarnation: 7 }],
      ['part = 9', { ...place, part: 9 }],
    ] as const) {
      const breaches = await shop.breachesAfter(
        'inventory',
        [`UPDATE consumer_cursors SET ${change} ${where}`],
        [undo],
      );
      expect(breaches).toEqual([
        expect.stringContaining(
          `P9: ${name} stands at ${formatPlace(changed)}, which is ahead of the log of orders`,
        ),
      ]);
    }
  });

  it('that removes a cursor is named', async () => {
    const { name, where } = await consumerCursor('inventory', 'orders.v1');
    const breaches = await shop.breachesAfter(
      'inventory',
      [
        `CREATE TABLE kept AS SELECT * FROM consumer_cursors ${where}`,
        `DELETE FROM consumer_cursors ${where}`,
      ],
      ['INSERT INTO consumer_cursors SELECT * FROM kept', 'DROP TABLE kept'],
    );
    expect(breaches).toContainEqual(
      expect.stringMatching(new RegExp(`^P8: ${name} stands at 0.0.0, but event .* moved back$`)),
    );
  });
});

describe('What a consumer knows of a restored publisher', () => {
  it('is named if it is not what the log of the publisher has', async () => {
    const { last } = await shop.one('orders', 'SELECT MAX(position) AS last FROM events');
    await noteRestore(shop);
    const { findings } = await shop.audit();
    const changed = await shop.breachesAfter(
      'inventory',
      ['UPDATE publisher_histories SET last_position = 7 WHERE incarnation = 1'],
      [],
    );
    const removed = await shop.breachesAfter(
      'inventory',
      ['DELETE FROM publisher_histories WHERE incarnation = 1'],
      [],
    );
    await forgetRestore(shop);
    expect(findings.breaches).toEqual([]);
    const told = (says: number) =>
      `P9: publisher_histories of inventory says that orders.v1 counts up to position ${says} of incarnation 1, the log of orders has it up to ${last}`;
    expect(changed).toEqual([told(7)]);
    expect(removed).toEqual([told(0)]);
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

describe('A cursor that was moved on over a registration that waits', () => {
  it('is named with the row that is missing', async () => {
    const { partition, place, where, undo, name } = await consumerCursor('orders', 'users.v1');
    const { position } = place;
    const before = (await placesOf(shop, 'users.v1', partition)).at(-2) ?? START;
    const ofUser = `known_users WHERE user_id = ${position}`;
    const { admin } = shop.databases.orders;
    // As it was before the message: neither is the row there, nor has the cursor passed the message.
    await admin.query(`CREATE TABLE kept AS SELECT * FROM ${ofUser}`);
    await admin.query(`DELETE FROM ${ofUser}`);
    await admin.query(`UPDATE consumer_cursors SET ${assignments(before)} ${where}`);
    const { findings } = await shop.audit();
    const breaches = await shop.breachesAfter('orders', [undo], []);
    await admin.query('INSERT INTO known_users SELECT * FROM kept');
    await admin.query('DROP TABLE kept');
    expect(findings.breaches).toEqual([]);
    expect(breaches).toEqual([
      expect.stringMatching(
        new RegExp(
          `^P6: row ${position} of orders.known_users is missing: .*: so it was before message users/${formatPlace(place)} ` +
            `\\(UserRegistered, key ${position}\\); the row was put back, or ${name} moved on over it$`,
        ),
      ),
    ]);
  });

  it('is undone: the system is whole again', async () => {
    expect((await shop.audit()).findings.breaches).toEqual([]);
  });
});
