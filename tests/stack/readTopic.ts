// Reads a whole topic as it lies in Kafka, with a client of its own.
import { randomUUID } from 'node:crypto';
import { Kafka, logLevel } from 'kafkajs';

/** A record as Kafka holds it. */
export interface TopicRecord {
  readonly partition: number;
  readonly offset: bigint;
  readonly value: string;
}

/** All records of a topic up to its ends as they are now, each partition in offset order. */
export async function readTopic(brokers: readonly string[], topic: string): Promise<TopicRecord[]> {
  const kafka = new Kafka({ brokers: [...brokers], logLevel: logLevel.NOTHING });
  const admin = kafka.admin();
  await admin.connect();
  const ends = await admin.fetchTopicOffsets(topic);
  const groupId = `reader-${randomUUID()}`;
  const consumer = kafka.consumer({ groupId });
  const left = new Set(ends.filter((end) => end.high !== end.low).map((end) => end.partition));
  const records: TopicRecord[] = [];
  try {
    await consumer.connect();
    await consumer.subscribe({ topic, fromBeginning: true });
    await new Promise<void>((resolve, reject) => {
      if (left.size === 0) resolve();
      consumer.on(consumer.events.CRASH, ({ payload }) => {
        reject(payload.error);
      });
      void consumer.run({
        autoCommit: false,
        eachMessage: ({ partition, message }) => {
          const end = BigInt(ends.find((each) => each.partition === partition)?.high ?? '0');
          const offset = BigInt(message.offset);
          if (offset < end)
            records.push({ partition, offset, value: message.value?.toString('utf8') ?? '' });
          if (offset + 1n >= end) left.delete(partition);
          if (left.size === 0) resolve();
          return Promise.resolve();
        },
      });
    });
  } finally {
    await consumer.disconnect();
    await admin.deleteGroups([groupId]);
    await admin.disconnect();
  }
  return records.sort((a, b) => a.partition - b.partition || Number(a.offset - b.offset));
}
