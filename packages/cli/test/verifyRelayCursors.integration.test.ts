// The verifier on a real database whose relay's cursors somebody has moved.
import { formatPlace, START, type Place } from '@orderflow/shared/messaging/chain.ts';
import { takeCut } from '../src/cut.ts';
import { isRelayLed } from '../src/verify/cursors.ts';
import { openAuditedShop, type AuditedShop } from './auditedShop.ts';
import { assignments, fourthLast, placesOf } from './cursorsByHand.ts';

let shop: AuditedShop;

beforeAll(async () => {
  shop = await openAuditedShop({ users: 5, products: 3, stock: 40, orders: 120 });
});

afterAll(async () => {
  await shop.drop();
});

describe("A relay's cursor", () => {
  let where: string;
  let name: string;
  let undo: string;
  /** The places of its partition's messages; the last is where it stands. */
  let messages: readonly Place[];
  let last: Place;
  let back: Place;
  let end: number;

  beforeAll(async () => {
    const row = await shop.one(
      'orders',
      'SELECT partition_id, scanned_position FROM relay_cursors ORDER BY position DESC LIMIT 1',
    );
    const partition = Number(row.partition_id);
    end = Number(row.scanned_position);
    messages = await placesOf(shop, 'orders.v1', partition);
    last = messages.at(-1) ?? START;
    back = fourthLast(messages);
    where = `WHERE topic = 'orders.v1' AND partition_id = ${partition}`;
    name = `relay cursor orders.v1/${partition}`;
    undo = `UPDATE relay_cursors SET ${assignments(last)}, scanned_position = ${end} ${where}`;
  });

  const after = (set: string) =>
    shop.breachesAfter('orders', [`UPDATE relay_cursors SET ${set} ${where}`], [undo]);

  it('that is moved beyond the log is named', async () => {
    expect(await after('position = 99999')).toEqual([
      `P9: ${name} stands at ${formatPlace({ ...last, position: 99_999 })}, which is ahead of the log of orders: its last message there is ${formatPlace(last)}`,
    ]);
  });

  it('that is moved back to an earlier message is named, with the one that it should stand at', async () => {
    expect(await after(assignments(back))).toEqual([
      `P9: ${name} stands at ${formatPlace(back)}, but it says that all up to position ${end} was sent, where ${formatPlace(last)} is the last message: one of both was changed`,
    ]);
  });

  it('that is put to its start is named, if what it has looked at is not', async () => {
    expect(await after(assignments(START))).toEqual([
      `P9: ${name} stands at 0.0.0, but it says that all up to position ${end} was sent, where ${formatPlace(last)} is the last message: one of both was changed`,
    ]);
  });

  it('that has looked at less than it has sent, or at more than the log has, is named', async () => {
    const { position } = back;
    expect(await after(`scanned_position = ${position}`)).toEqual([
      expect.stringMatching(
        new RegExp(
          `^P9: ${name} stands at ${formatPlace(last)}, but it says that the log was looked at up to position ${position} only, ` +
            `where 1.${position}.\\d+ is the last message: one of both was changed$`,
        ),
      ),
    ]);
    expect(await after(`scanned_position = ${end + 1}`)).toEqual([
      `P9: ${name} says that the log of orders was looked at up to position ${end + 1}, but it ends at ${end}`,
    ]);
  });

  it('that is moved back as a rewind does it is no breach, but told', async () => {
    const { admin } = shop.databases.orders;
    await admin.query(
      `UPDATE relay_cursors SET ${assignments(back)}, scanned_position = ${back.position - 1} ${where}`,
    );
    const { findings, doubts } = await shop.audit();
    await admin.query(
      "UPDATE relay_lease SET owner = 'o', expires_at = UTC_TIMESTAMP(3) + INTERVAL 1 HOUR",
    );
    const led = await shop.audit();
    await admin.query("UPDATE relay_lease SET owner = ''");
    await admin.query(undo);
    expect(findings.breaches).toEqual([]);
    expect(doubts).toEqual([
      `${name} stands at ${formatPlace(back)}, but inventory has handled ${formatPlace(last)}: it was rewound, not stored when its relay was killed, or moved back by hand`,
    ]);
    expect(led.doubts).toEqual([]);
    expect((await shop.audit()).doubts).toEqual([]);
  });

  it('is a copy if its lease was held when the snapshot was opened, however late it is read', async () => {
    const { users, inventory, orders } = shop.databases;
    const pools = { users: users.pool, inventory: inventory.pool, orders: orders.pool };
    const now = async () => {
      const { time } = await shop.one('orders', 'SELECT CAST(UTC_TIMESTAMP(3) AS CHAR) AS time');
      return String(time);
    };
    const ends = '2001-01-01 00:00:10.000';
    await orders.admin.query(`UPDATE relay_lease SET owner = 'o', expires_at = '${ends}'`);
    const before = await now();
    const cut = await takeCut(pools, { live: true });
    const after = await now();
    const { connection, openedAt } = cut.snapshots.orders;
    const isLed = (at: string) => isRelayLed({ connection, openedAt: at });
    const standings = [await isLed('2001-01-01 00:00:09.999'), await isLed(ends)];
    cut.release();
    await orders.admin.query("UPDATE relay_lease SET owner = ''");
    expect(standings).toEqual([true, false]);
    expect([before, openedAt, after]).toEqual([before, openedAt, after].toSorted());
  });

  it('that stands within an event whose first messages were sent is right', async () => {
    expect(await after(`scanned_position = ${last.position - 1}`)).toEqual([]);
  });
});
