// The real broker: kafkajs, with the settings and the checks that it needs to be trusted. The only import of kafkajs.
import net from 'node:net';
import kafkajs, {
  type Consumer,
  type EachBatchPayload,
  type ISocketFactory,
  type RetryOptions,
} from 'kafkajs';
import { AppError } from '../runtime/appError.ts';
import type { Logger } from '../runtime/logger.ts';
import { CONTENT_TYPE } from './envelope.ts';
import { repairRequestQueue } from './kafkajsRepair.ts';
import { kafkaLogCreator, kafkaLogLevel } from './kafkaLogger.ts';
import { findMissingPartitions, isMessageTooLarge } from './producerAnswer.ts';
import {
  MessageTooLargeError,
  type FetchedBatch,
  type GroupConnection,
  type GroupMember,
  type MessageBroker,
  type PartitionOffsets,
  type Producer,
  type TopicPartition,
} from './transport.ts';

/** What a connection to Kafka needs. */
export interface KafkaOptions {
  readonly brokers: readonly string[];
  /** Names this process in the broker's logs and quotas. */
  readonly clientId: string;
  readonly logger: Logger;
}

// kafkajs' default back-off grows to 30 s: its producer came back 21 s after the broker did. All five are given, since
// kafkajs has other defaults under NODE_ENV=test.
const RETRY: RetryOptions = {
  initialRetryTime: 100,
  maxRetryTime: 2_000,
  factor: 0.2,
  multiplier: 2,
  retries: 5,
};
const CONNECTION_TIMEOUT_MS = 3_000;
const REQUEST_TIMEOUT_MS = 10_000;
const ACKNOWLEDGE_TIMEOUT_MS = 5_000;
/** 6 s is the least that brokers allow: so long a group waits for a member that was killed. */
const SESSION_TIMEOUT_MS = 6_000;
const REBALANCE_TIMEOUT_MS = 15_000;
const HEARTBEAT_INTERVAL_MS = 1_500;
/** How long an empty fetch waits at the broker; a seek or a resume takes effect after it at the latest. */
const FETCH_WAIT_MS = 250;
const CLOSE_TIMEOUT_MS = 2_000;
const MORE_PARTITIONS_THAN_ANY = 256;

repairRequestQueue();

/** Makes the connection's factory; nothing is connected yet. */
export function createKafka(options: KafkaOptions): MessageBroker {
  const kafka = new kafkajs.Kafka({
    brokers: [...options.brokers],
    clientId: options.clientId,
    connectionTimeout: CONNECTION_TIMEOUT_MS,
    requestTimeout: REQUEST_TIMEOUT_MS,
    retry: RETRY,
    socketFactory: createSocket,
    logLevel: kafkaLogLevel(options.logger),
    logCreator: kafkaLogCreator(options.logger),
  });

  /** A connection of its own for each question: one that outlived a broker would have to be repaired here. */
  async function asAdmin<T>(ask: (admin: kafkajs.Admin) => Promise<T>): Promise<T> {
    const admin = kafka.admin();
    try {
      await admin.connect();
      return await ask(admin);
    } catch (error) {
      throw new AppError('kafka_unavailable', 'Kafka does not answer', {
        retryable: true,
        cause: error,
      });
    } finally {
      void closeQuietly(() => admin.disconnect());
    }
  }

  return {
    createProducer: () => createProducer(kafka),
    createGroupConnection: (group, member) => createGroupConnection(kafka, group, member),
    partitionCount: (topic) =>
      asAdmin(async (admin) => {
        if (!(await admin.listTopics()).includes(topic)) return undefined;
        const { topics } = await admin.fetchTopicMetadata({ topics: [topic] });
        return topics[0]?.partitions.length;
      }),
    createTopic: (topic, numPartitions, replicationFactor) =>
      asAdmin(async (admin) => {
        await admin.createTopics({
          waitForLeaders: true,
          topics: [{ topic, numPartitions, replicationFactor }],
        });
      }),
    readOffsets: (topic) =>
      asAdmin(async (admin) => {
        if (!(await admin.listTopics()).includes(topic)) return undefined;
        const offsets = new Map<number, PartitionOffsets>();
        for (const { partition, low, high } of await admin.fetchTopicOffsets(topic)) {
          offsets.set(partition, { low: BigInt(low), high: BigInt(high) });
        }
        return offsets;
      }),
  };
}

async function createProducer(kafka: kafkajs.Kafka): Promise<Producer> {
  const producer = kafka.producer({
    // Idempotence keeps the order of a partition over kafkajs' own retries; it holds for one send at a time only.
    idempotent: true,
    allowAutoTopicCreation: false,
    retry: RETRY,
    // The relay names the partition of each record; -1 would be refused by the broker.
    createPartitioner:
      () =>
      ({ message }) =>
        message.partition ?? -1,
  });
  await producer.connect();
  let sending = false;
  return {
    async send(topic, records) {
      // With two sends in flight kafkajs 2.2.4 rolls a sequence number back that the other one has taken, and
      // acknowledges what was lost (5 of 50 under dropped replies).
      if (sending) throw new Error('A producer sends one batch at a time');
      sending = true;
      try {
        const answer = await producer.send({
          topic,
          acks: -1,
          timeout: ACKNOWLEDGE_TIMEOUT_MS,
          messages: records.map(({ partition, key, value }) => ({
            partition,
            key,
            value,
            headers: { 'content-type': CONTENT_TYPE },
          })),
        });
        // A leader that moves between two tries makes kafkajs resolve without one of the partitions (kafkajs#1798).
        const missing = findMissingPartitions(topic, records, answer);
        if (missing.length > 0)
          throw new Error(
            `${topic}: the broker's answer lacks partitions ${missing.join(', ')}; they are sent again`,
          );
      } catch (error) {
        throw isMessageTooLarge(error)
          ? new MessageTooLargeError(`${topic}: a batch is too large for the broker`, {
              cause: error,
            })
          : error;
      } finally {
        sending = false;
      }
    },
    close: () => closeQuietly(() => producer.disconnect()),
  };
}

function createGroupConnection(
  kafka: kafkajs.Kafka,
  group: { readonly groupId: string; readonly topics: readonly string[] },
  member: GroupMember,
): GroupConnection {
  const consumer = kafka.consumer({
    groupId: group.groupId,
    sessionTimeout: SESSION_TIMEOUT_MS,
    rebalanceTimeout: REBALANCE_TIMEOUT_MS,
    heartbeatInterval: HEARTBEAT_INTERVAL_MS,
    maxWaitTimeInMs: FETCH_WAIT_MS,
    allowAutoTopicCreation: false,
    retry: RETRY,
  });
  consumer.on('consumer.group_join', ({ payload }) => {
    member.onAssigned(
      Object.entries(payload.memberAssignment).flatMap(([topic, partitions]) =>
        partitions.map((partition) => ({ topic, partition })),
      ),
    );
  });
  consumer.on('consumer.crash', ({ payload }) => {
    member.onCrash(payload.error, payload.restart);
  });
  return {
    async start() {
      await consumer.connect();
      await consumer.subscribe({ topics: [...group.topics], fromBeginning: true });
      await consumer.run({
        // With it on, kafkajs commits after every batch whatever the interval. The cursor in MySQL is what counts.
        autoCommit: false,
        eachBatchAutoResolve: false,
        partitionsConsumedConcurrently: MORE_PARTITIONS_THAN_ANY,
        eachBatch: (payload) => member.onBatch(fetchedBatch(payload)),
      });
    },
    stop: () => consumer.disconnect(),
    seek: ({ topic, partition }, offset) =>
      ifJoined(() => consumer.seek({ topic, partition, offset: String(offset) })),
    pause: (partitions) => ifJoined(() => consumer.pause(byTopic(partitions))),
    resume: (partitions) => ifJoined(() => consumer.resume(byTopic(partitions))),
    commitOffsets: (offsets) =>
      consumer.commitOffsets(
        offsets.map(({ topic, partition, offset }) => ({
          topic,
          partition,
          offset: String(offset),
        })),
      ),
  };
}

function fetchedBatch(payload: EachBatchPayload): FetchedBatch {
  const { batch } = payload;
  return {
    topic: batch.topic,
    partition: batch.partition,
    records: batch.messages.map(({ offset, value }) => ({ offset: BigInt(offset), value })),
    resolve: (offset) => payload.resolveOffset(String(offset)),
    heartbeat: () => payload.heartbeat(),
    isCurrent: () => payload.isRunning() && !payload.isStale(),
  };
}

function byTopic(partitions: readonly TopicPartition[]): { topic: string; partitions: number[] }[] {
  const topics = Map.groupBy(partitions, ({ topic }) => topic);
  return [...topics].map(([topic, those]) => ({
    topic,
    partitions: those.map(({ partition }) => partition),
  }));
}

/** kafkajs throws while it is between two connections; the next join pauses and seeks anew. */
function ifJoined(act: () => ReturnType<Consumer['seek']>): void {
  try {
    act();
  } catch (error) {
    if (!(error instanceof kafkajs.KafkaJSNonRetriableError)) throw error;
  }
}

/** TCP_NODELAY, which kafkajs does not set: the 99th percentile of a lone order fell from 72 to 33 ms. */
const createSocket: ISocketFactory = ({ host, port, onConnect }) => {
  const socket = net.connect({ host, port, noDelay: true }, onConnect);
  socket.setKeepAlive(true, 60_000);
  return socket;
};

/** Closes what may already be broken. Bounded, since kafkajs waits for answers that a dead broker never gives. */
async function closeQuietly(close: () => Promise<void>): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<void>();
  const timer = setTimeout(resolve, CLOSE_TIMEOUT_MS);
  // An error while closing changes nothing: nothing waits for an answer on this connection.
  await Promise.race([close().catch(() => undefined), promise]);
  clearTimeout(timer);
}
