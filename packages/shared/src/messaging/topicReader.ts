// Reads a whole topic once, as it is now: for whoever compares it with a log. Nothing of it is stored in Kafka.
import { randomUUID } from 'node:crypto';
import { createKafka, type KafkaOptions } from './kafka.ts';
import type { FetchedBatch, MessageBroker, PartitionOffsets } from './transport.ts';

/** A record as Kafka holds it. */
export interface StoredRecord {
  readonly partition: number;
  readonly offset: bigint;
  readonly value: string;
}

/** What the groups of those who read a whole topic begin with, behind TOPIC_PREFIX. */
export const READING_GROUPS = 'orderflow-verify-';

/** Without a record for so long the broker is taken for silent. */
const SILENCE_MS = 30_000;

/**
 * Gives every record that the topic holds now, each partition in the order of its offsets, and what each partition held when
 * it began to read; undefined if there is no such topic. It joins a consumer group of its own for the time, READING_GROUPS and a random name behind the topic's prefix, and
 * commits nothing there: the broker forgets it. Throws AppErrors as the broker's questions do, and an Error when no record comes any more.
 */
export async function readTopic(
  options: KafkaOptions,
  { topic, prefix }: { readonly topic: string; readonly prefix: string },
  onRecord: (record: StoredRecord) => void,
): Promise<ReadonlyMap<number, PartitionOffsets> | undefined> {
  const broker = createKafka(options);
  const offsets = await broker.readOffsets(topic);
  if (offsets === undefined) return undefined;
  const left = new Map(
    [...offsets].filter(([, { low, high }]) => high > low).map(([at, { high }]) => [at, high]),
  );
  const groupId = `${prefix}${READING_GROUPS}${randomUUID()}`;
  if (left.size > 0) await readUpTo(broker, { groupId, topics: [topic] }, left, onRecord);
  return offsets;
}

/** Reads until each partition has reached its end in `left`. */
async function readUpTo(
  broker: MessageBroker,
  group: { readonly groupId: string; readonly topics: readonly string[] },
  left: Map<number, bigint>,
  onRecord: (record: StoredRecord) => void,
): Promise<void> {
  const ended = Promise.withResolvers<undefined>();
  let timer = setTimeout(() => undefined, 0);
  const watch = (): void => {
    clearTimeout(timer);
    timer = setTimeout(() => {
      ended.reject(new Error(`${group.topics.join()}: no record came within ${SILENCE_MS} ms`));
    }, SILENCE_MS);
  };
  const take = (batch: FetchedBatch): void => {
    const end = left.get(batch.partition);
    for (const { offset, value } of batch.records) {
      if (end !== undefined && offset < end)
        onRecord({ partition: batch.partition, offset, value: value?.toString('utf8') ?? '' });
      if (end !== undefined && offset + 1n >= end) left.delete(batch.partition);
      batch.resolve(offset);
    }
    watch();
    if (left.size === 0) ended.resolve(undefined);
  };
  const connection = broker.createGroupConnection(group, {
    onAssigned: () => undefined,
    onBatch: async (batch) => {
      take(batch);
      await batch.heartbeat();
    },
    onCrash: (error, restarts) => {
      if (!restarts) ended.reject(error);
    },
  });
  watch();
  try {
    await connection.start();
    await ended.promise;
  } finally {
    clearTimeout(timer);
    await connection.stop();
  }
}
