// Topics on a real broker, compared with the log that they were sent from.
import { randomBytes } from 'node:crypto';
import kafkajs from 'kafkajs';
import { formatPlace, START, type Place } from '@orderflow/shared/messaging/chain.ts';
import { parseEnvelope } from '@orderflow/shared/messaging/envelope.ts';
import { createKafka } from '@orderflow/shared/messaging/kafka.ts';
import type { OutgoingRecord } from '@orderflow/shared/messaging/transport.ts';
import { eventually } from '@orderflow/shared/testing/eventually.ts';
import { testInfra } from '@orderflow/shared/testing/infra.ts';
import { silentLogger } from '@orderflow/shared/testing/testService.ts';
import { compareTopic, type TopicFigures } from '../src/verify/kafkaTopics.ts';
import { openAuditedShop, type AuditedShop } from './auditedShop.ts';
import { assignments, placesOf } from './cursorsByHand.ts';
import { forgetRestore, noteRestore } from './notedRestore.ts';

const kafka = { brokers: testInfra().brokers, clientId: 'orderflow-test', logger: silentLogger };
const topicPrefix = `verify-${randomBytes(4).toString('hex')}.`;
let shop: AuditedShop;

/** All messages of orders.v1, as the relay would send them. */
async function messagesOfOrders(): Promise<OutgoingRecord[]> {
  const records: OutgoingRecord[] = [];
  await shop.audit(undefined, (book) => {
    if (book.topic.endsWith('orders.v1'))
      book.onMessage = ({ partition, value }) => {
        records.push({ partition, key: 'unused', value: value() });
      };
    return Promise.resolve();
  });
  return records;
}

/** Makes the topic anew with these records. */
async function fill(topicName: string, records: readonly OutgoingRecord[]): Promise<void> {
  const broker = createKafka(kafka);
  await broker.createTopic(topicName, 12, 1);
  // A topic that was just made may have no leaders yet: a send would fail in part, and once more leave records twice.
  await eventually(
    async () => (await broker.readOffsets(topicName)) !== undefined,
    `all partitions of ${topicName} have a leader`,
  );
  const producer = await broker.createProducer();
  try {
    await producer.send(topicName, records);
  } finally {
    await producer.close();
  }
}

/** Gives the breaches that are found in the topic, and the figures. */
async function compareFilled(topicName: string) {
  let figures: TopicFigures | undefined;
  const reads: (() => TopicFigures)[] = [];
  const { findings, doubts } = await shop.audit(undefined, async (book, found) => {
    if (!book.topic.endsWith('orders.v1')) return;
    reads.push(await compareTopic(kafka, book, found, topicName));
  });
  for (const read of reads) figures = read();
  return { breaches: findings.breaches.map(({ text }) => text), doubts, figures };
}

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
  return compareFilled(topicName);
}

beforeAll(async () => {
  shop = await openAuditedShop({ users: 3, products: 2, stock: 30, orders: 60, topicPrefix });
});

afterAll(async () => {
  await shop.drop();
});

describe('A topic', () => {
  it('that holds what the log says has no breach, and repeats are none', async () => {
    const records = await messagesOfOrders();
    const { breaches, figures } = await compare(`${topicPrefix}whole`, [
      ...records,
      ...records.slice(-5),
    ]);
    expect(breaches).toEqual([]);
    const none = { late: 0, lost: 0, notKept: 0 };
    expect(figures).toEqual({ records: records.length + 5, repeats: 5, ...none });
  });

  it('that lacks a message in its middle is told so', async () => {
    const records = await messagesOfOrders();
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
    const records = await messagesOfOrders();
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
    const records = await messagesOfOrders();
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
    const records = await messagesOfOrders();
    const partition = records[0]?.partition ?? 0;
    const topic = `${topicPrefix}expired`;
    await fill(topic, records);
    await deleteRecords(topic, partition);
    const { breaches, figures } = await compareFilled(topic);
    expect(breaches).toEqual([]);
    const gone = records.filter((record) => record.partition === partition);
    expect(figures).toMatchObject({ notKept: gone.length });
  });

  it('that lost a message and was sent it again, with all behind it, has no breach', async () => {
    const records = await messagesOfOrders();
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
    const records = await messagesOfOrders();
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

  it('shows a cursor that was moved over messages without effect, or whose offset was, and no other', async () => {
    const topic = `${topicPrefix}read`;
    await fill(topic, await messagesOfOrders());
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
    const whole = await compareFilled(topic);
    expect([whole.breaches, whole.doubts]).toEqual([[], []]);
    // The shop ends with the outcome of an order of one line, which inventory passes over.
    await set(places.at(-2), end);
    const back = await compareFilled(topic);
    await set(places.at(-1), end - 2);
    const offset = await compareFilled(topic);
    await set(places.at(-1), end + 1);
    const beyond = await compareFilled(topic);
    await set(places.at(-1), 0);
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

  it('that holds another content, or something that is no message, is told so', async () => {
    const records = await messagesOfOrders();
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
