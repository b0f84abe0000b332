// Reads a whole topic once, as it is now: for whoever compares it with a log. Nothing of it is stored in Kafka.
import { randomUUID } from 'node:crypto';
import { createKafka, type KafkaOptions } from './kafka.ts';
import type { FetchedBatch, MessageBroker } from './transport.ts';

/** A record as Kafka holds it. */
export interface StoredRecord {
  readonly partition: number;
  readonly offset: bigint;
  readonly value: string;
}

/** Without a record for so long the broker is taken for silent. */
const SILENCE_MS = 30_000;

/**
 * Gives every record that the topic holds now, each partition in the order of its offsets; false if there is no such
 * topic. It joins a consumer group of its own for the time, `orderflow-verify-` and a random name, and commits nothing
 * there: the broker forgets it. Throws AppErrors as the broker's questions do, and an Error when no record comes any more.
 */
export async function readTopic(
  options: KafkaOptions,
  topic: string,
  onRecord: (record: StoredRecord) => void,
): Promise<boolean> {
  const broker = createKafka(options);
  const offsets = await broker.readOffsets(topic);
  if (offsets === undefined) return false;
  const left = new Map(
    [...offsets].filter(([, { low, high }]) => high > low).map(([at, { high }]) => [at, high]),
  );
  if (left.size > 0) await readUpTo(broker, topic, left, onRecord);
  return true;
}

/** Reads until each partition has reached its end in `left`. */
async function readUpTo(
  broker: MessageBroker,
  topic: string,
  left: Map<number, bigint>,
  onRecord: (record: StoredRecord) => void,
): Promise<void> {
  const ended = Promise.withResolvers<undefined>();
  let timer = setTimeout(() => undefined, 0);
  const watch = (): void => {
    clearTimeout(timer);
    timer = setTimeout(() => {
      ended.reject(new Error(`${topic}: no record came within ${SILENCE_MS} ms`));
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
  const group = { groupId: `orderflow-verify-${randomUUID()}`, topics: [topic] };
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
