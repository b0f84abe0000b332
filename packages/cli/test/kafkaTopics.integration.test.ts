// Topics on a real broker, compared with the log that they were sent from.
import { randomBytes } from 'node:crypto';
import kafkajs from 'kafkajs';
import { formatPlace } from '@orderflow/shared/messaging/chain.ts';
import { parseEnvelope } from '@orderflow/shared/messaging/envelope.ts';
import type { OutgoingRecord } from '@orderflow/shared/messaging/transport.ts';
import { openAuditedShop, type AuditedShop } from './auditedShop.ts';
import { compareFilled, fill, kafka, messagesOfOrders } from './filledTopics.ts';
import { forgetRestore, noteRestore } from './notedRestore.ts';

const topicPrefix = `verify-${randomBytes(4).toString('hex')}.`;
let shop: AuditedShop;

/** Has Kafka delete all that a partition holds, as it does when its time is over. */
async function deleteRecords(topic: string, partition: number): Promise<void> {
  const { brokers, clientId } = kafka;
  const admin = new kafkajs.Kafka({
    brokers,
    clientId,
    logLevel: kafkajs.logLevel.NOTHING,
  }).admin();
  await admin.connect();
  try {
    const offsets = await admin.fetchTopicOffsets(topic);
    const partitions = offsets.filter((each) => each.partition === partition);
    await admin.deleteTopicRecords({
      topic,
      partitions: partitions.map(({ high }) => ({ partition, offset: high })),
    });
  } finally {
    await admin.disconnect();
  }
}

/** Both. */
async function compare(topicName: string, records: readonly OutgoingRecord[]) {
  await fill(topicName, records);
  return compareFilled(shop, topicName);
}

beforeAll(async () => {
  shop = await openAuditedShop({ users: 3, products: 2, stock: 30, orders: 60, topicPrefix });
});

afterAll(async () => {
  await shop.drop();
});

describe('A topic', () => {
  it('that holds what the log says has no breach, and repeats are none', async () => {
    const records = await messagesOfOrders(shop);
    const { breaches, figures } = await compare(`${topicPrefix}whole`, [
      ...records,
      ...records.slice(-5),
    ]);
    expect(breaches).toEqual([]);
    const none = { late: 0, lost: 0, notKept: 0 };
    expect(figures).toEqual({ records: records.length + 5, repeats: 5, ...none });
  });

  it('that lacks a message in its middle is told so', async () => {
    const records = await messagesOfOrders(shop);
    const lost = records[40];
    const { breaches } = await compare(
      `${topicPrefix}lossy`,
      records.filter((record) => record !== lost),
    );
    expect(breaches).toEqual([
      expect.stringMatching(
        /^message 1\.\d+\.\d of .*lossy\/\d+ is missing there, though later ones/,
      ),
    ]);
  });

  it('that lacks what the cursor of its relay says was sent last is told so', async () => {
    const records = await messagesOfOrders(shop);
    const last = records.at(-1);
    const { breaches } = await compare(`${topicPrefix}short`, records.slice(0, -1));
    expect(breaches).toEqual([
      expect.stringMatching(
        new RegExp(
          `short/${last?.partition} is missing there, but relay cursor .*orders.v1/${last?.partition} says that it was sent`,
        ),
      ),
    ]);
  });

  it('that never had a record of a partition whose relay says that it was sent is told so', async () => {
    const records = await messagesOfOrders(shop);
    const partition = records[0]?.partition;
    const { breaches, figures } = await compare(
      `${topicPrefix}unwritten`,
      records.filter((record) => record.partition !== partition),
    );
    const lacking = records.filter((record) => record.partition === partition);
    expect(breaches).toHaveLength(lacking.length);
    for (const breach of breaches)
      expect(breach).toContain(`unwritten/${partition} is missing there, but relay cursor `);
    expect(figures).toMatchObject({ notKept: 0 });
  });

  it('that keeps nothing of a partition any more is told how much that is, and has no breach', async () => {
    const records = await messagesOfOrders(shop);
    const partition = records[0]?.partition ?? 0;
    const topic = `${topicPrefix}expired`;
    await fill(topic, records);
    await deleteRecords(topic, partition);
    const { breaches, figures } = await compareFilled(shop, topic);
    expect(breaches).toEqual([]);
    const gone = records.filter((record) => record.partition === partition);
    expect(figures).toMatchObject({ notKept: gone.length });
  });

  it('that lost a message and was sent it again, with all behind it, has no breach', async () => {
    const records = await messagesOfOrders(shop);
    const lost = records[40];
    const { breaches, figures } = await compare(`${topicPrefix}healed`, [
      ...records.filter((record) => record !== lost),
      ...records.slice(40),
    ]);
    expect(breaches).toEqual([]);
    expect(figures?.late).toBe(1);
    expect(figures?.repeats).toBe(records.length - 41);
  });

  it('that also holds messages of a history that a restore has given up has no breach', async () => {
    const records = await messagesOfOrders(shop);
    const lost = records[40];
    if (lost === undefined) throw new Error('The shop has too few messages');
    const { last } = await shop.one('orders', 'SELECT MAX(position) AS last FROM events');
    const gone = `1.${Number(last) + 1}.0`;
    const givenUp = lost.value.replaceAll(formatPlace(parseEnvelope(lost.value).place), gone);
    const topic = [
      ...records.filter((record) => record !== lost),
      { ...lost, value: givenUp },
      ...records.slice(40),
    ];
    await noteRestore(shop, topicPrefix);
    const { breaches, figures } = await compare(`${topicPrefix}restored`, topic);
    await forgetRestore(shop);
    expect(breaches).toEqual([]);
    expect(figures?.lost).toBe(1);
    const untold = await compare(`${topicPrefix}restored2`, topic);
    expect(untold.breaches).toEqual([expect.stringContaining('comes too late')]);
  });

  it('that holds another content, or something that is no message, is told so', async () => {
    const records = await messagesOfOrders(shop);
    const changed = records.map((record, index) =>
      index === 40
        ? { ...record, value: record.value.replace('"quantity":', '"quantity":7') }
        : record,
    );
    const { breaches } = await compare(`${topicPrefix}changed`, [
      ...changed,
      { partition: 0, key: 'x', value: 'nonsense' },
    ]);
    expect(breaches).toHaveLength(2);
    expect(breaches).toContainEqual(expect.stringContaining('is not what the log makes of it'));
    expect(breaches).toContainEqual(expect.stringContaining('is no message'));
  });
});
