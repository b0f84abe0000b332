// Consumers' cursors beside a topic on a real broker.
import { randomBytes } from 'node:crypto';
import { formatPlace, START, type Place } from '@orderflow/shared/messaging/chain.ts';
import { parseEnvelope } from '@orderflow/shared/messaging/envelope.ts';
import type { OutgoingRecord } from '@orderflow/shared/messaging/transport.ts';
import { openAuditedShop, type AuditedShop } from './auditedShop.ts';
import { assignments, placesOf } from './cursorsByHand.ts';
import { compareFilled, fill, messagesOfOrders } from './filledTopics.ts';
import { forgetRestore, noteRestore } from './notedRestore.ts';

const topicPrefix = `cursors-${randomBytes(4).toString('hex')}.`;
let shop: AuditedShop;

/** Puts the offset of every cursor in orders.v1 behind the records that its partition has in this topic. */
async function setOffsets(records: readonly OutgoingRecord[]): Promise<void> {
  const { admin } = shop.databases.inventory;
  for (const [partition, those] of Map.groupBy(records, (record) => record.partition))
    await admin.query(
      `UPDATE consumer_cursors SET next_offset = ${those.length} WHERE partition_id = ${partition}`,
    );
}

beforeAll(async () => {
  shop = await openAuditedShop({ users: 3, products: 2, stock: 30, orders: 60, topicPrefix });
});

afterAll(async () => {
  await shop.drop();
});

describe('A cursor beside its topic', () => {
  it('is told where it was moved over messages without effect, or its offset was, and no other is', async () => {
    const topic = `${topicPrefix}read`;
    const records = await messagesOfOrders(shop);
    await fill(topic, records);
    await setOffsets(records);
    const { admin } = shop.databases.inventory;
    const { partition_id: partition } = await shop.one(
      'inventory',
      'SELECT partition_id FROM consumer_cursors ORDER BY position DESC LIMIT 1',
    );
    const places = await placesOf(shop, `${topicPrefix}orders.v1`, Number(partition));
    const set = (place: Place | undefined, nextOffset: number) =>
      admin.query(
        `UPDATE consumer_cursors SET ${assignments(place ?? START)}, next_offset = ${nextOffset} WHERE partition_id = ${partition}`,
      );
    const end = places.length;
    await set(places.at(-1), end);
    const whole = await compareFilled(shop, topic);
    expect([whole.breaches, whole.doubts]).toEqual([[], []]);
    // The shop ends with the outcome of an order of one line, which inventory passes over.
    await set(places.at(-2), end);
    const back = await compareFilled(shop, topic);
    await set(places.at(-1), end - 2);
    const offset = await compareFilled(shop, topic);
    await set(places.at(-1), end + 1);
    const beyond = await compareFilled(shop, topic);
    await set(places.at(-1), end);
    const name = `cursor inventory/${topicPrefix}orders.v1/${partition} stands at`;
    for (const { breaches, doubts } of [back, offset, beyond]) {
      expect(breaches).toEqual([]);
      expect(doubts).toEqual([expect.stringContaining(name)]);
    }
    expect(back.doubts[0]).toContain(
      `leads to ${formatPlace(places.at(-1) ?? START)}: the topic was made anew`,
    );
    expect(beyond.doubts[0]).toContain(`but the partition ends at ${end}`);
  });

  it('fits where the messages before its offset are followed by one that a restore has given up', async () => {
    const topic = `${topicPrefix}restored`;
    const records = await messagesOfOrders(shop);
    const last = records.at(-1);
    if (last === undefined) throw new Error('The shop has no messages');
    const { position, part } = parseEnvelope(last.value).place;
    const gone = last.value.replaceAll(`1.${position}.`, `1.${position + 1}.`);
    const held = [...records, { ...last, value: gone }];
    await fill(topic, held);
    await setOffsets(held);
    await noteRestore(shop, topicPrefix);
    const told = await compareFilled(shop, topic);
    await forgetRestore(shop);
    const untold = await compareFilled(shop, topic);
    expect([told.breaches, told.doubts, told.figures?.lost]).toEqual([[], [], 1]);
    expect(untold.doubts).toEqual([expect.stringContaining(`leads to 1.${position + 1}.${part}:`)]);
  });
});
