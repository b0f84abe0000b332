// Topics on a real broker, filled with the messages of a made shop, and compared with its logs.
import { createKafka } from '@orderflow/shared/messaging/kafka.ts';
import type { OutgoingRecord } from '@orderflow/shared/messaging/transport.ts';
import { eventually } from '@orderflow/shared/testing/eventually.ts';
import { testInfra } from '@orderflow/shared/testing/infra.ts';
import { silentLogger } from '@orderflow/shared/testing/testService.ts';
import { compareTopic, type TopicFigures } from '../src/verify/kafkaTopics.ts';
import type { AuditedShop } from './auditedShop.ts';

/** The test's broker. */
export const kafka = {
  ...{ brokers: testInfra().brokers, clientId: 'orderflow-test', logger: silentLogger },
};

/** All messages of orders.v1, as the relay would send them. */
export async function messagesOfOrders(shop: AuditedShop): Promise<OutgoingRecord[]> {
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
export async function fill(topicName: string, records: readonly OutgoingRecord[]): Promise<void> {
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

/** Gives the breaches and doubts that are found in the topic, and the figures. */
export async function compareFilled(shop: AuditedShop, topicName: string) {
  let figures: TopicFigures | undefined;
  const reads: (() => TopicFigures)[] = [];
  const { findings, doubts } = await shop.audit(undefined, async (book, found) => {
    if (!book.topic.endsWith('orders.v1')) return;
    reads.push(await compareTopic(kafka, book, found, topicName));
  });
  for (const read of reads) figures = read();
  return { breaches: findings.breaches.map(({ text }) => text), doubts, figures };
}
