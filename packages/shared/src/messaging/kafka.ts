// The real broker: kafkajs, with the settings and the checks that it needs to be trusted. With kafkaGroup.ts the only import of kafkajs.
import { setTimeout as wait } from 'node:timers/promises';
import kafkajs from 'kafkajs';
import type { Logger } from '../runtime/logger.ts';
import { CONTENT_TYPE } from './envelope.ts';
import { kafkaRefusal, throwFailure, throwRefusal } from './kafkaErrors.ts';
import { createGroupConnection } from './kafkaGroup.ts';
import {
  repairMembership,
  repairMissingAnswers,
  repairRequestQueue,
  repairStop,
  repairTopicQuestions,
} from './kafkajsRepair.ts';
import { kafkaLogCreator, kafkaVerbosity } from './kafkaLogger.ts';
import {
  ACKNOWLEDGE_TIMEOUT_MS,
  ADMIN_TIMEOUT_MS,
  CONNECTION_LIMITS,
  PRODUCER_RETRY,
} from './kafkaLimits.ts';
import type { KafkaAccess, KafkaRight } from './kafkaSecurity.ts';
import { closeQuietly, connectOrClose, createSocket } from './kafkaSockets.ts';
import { findMissingPartitions, isMessageTooLarge, isUnknownTopic } from './producerAnswer.ts';
import {
  MessageTooLargeError,
  type MessageBroker,
  type PartitionOffsets,
  type Producer,
} from './transport.ts';
import { within } from './within.ts';

/** What a connection to Kafka needs. */
export interface KafkaOptions extends KafkaAccess {
  /** Names this process in the broker's logs and quotas. */
  readonly clientId: string;
  readonly logger: Logger;
}

/** Between two looks whether a topic that was made is known. */
const LOOK_MS = 50;
const HEADERS = { 'content-type': CONTENT_TYPE };

repairRequestQueue();
repairTopicQuestions();
repairMissingAnswers();
repairMembership();
repairStop();

/** Makes the connection's factory; nothing is connected yet. */
export function createKafka(options: KafkaOptions): MessageBroker {
  return {
    createProducer: () => createProducer(options),
    createGroupConnection: (group, member) =>
      createGroupConnection(
        (config) => createClient(options).consumer(config),
        group,
        member,
        options,
      ),
    partitionCount: (topic) => asAdmin(options, (admin) => partitionCount(admin, topic)),
    createTopic: (topic, numPartitions, replicationFactor) =>
      asAdmin(options, async (admin) => {
        // By the broker's clock: it refuses what a producer dates more than an hour ahead (error 32), so a service whose
        // clock is wrong could publish nothing, and its orders would wait for somebody to set the clock.
        const configEntries = [{ name: 'message.timestamp.type', value: 'LogAppendTime' }];
        const topics = [{ topic, numPartitions, replicationFactor, configEntries }];
        await admin.createTopics({ waitForLeaders: false, topics });
        await untilKnown(admin, topic);
      }),
    readOffsets: (topic) => asAdmin(options, (admin) => readOffsets(admin, topic)),
  };
}

/**
 * Gives all rights in one request; one that is there already stays as it is. Throws AppError, as the broker's questions
 * do: 'kafka_not_authorized' unless whoever asks may alter the cluster.
 */
export async function grantRights(
  options: KafkaOptions,
  rights: readonly KafkaRight[],
): Promise<void> {
  const acl = rights.map(({ principal, resource, name, isPrefix, operation }) => ({
    ...{ principal, host: '*', permissionType: kafkajs.AclPermissionTypes.ALLOW },
    ...{ resourceType: kafkajs.AclResourceTypes[resource], resourceName: name },
    resourcePatternType: kafkajs.ResourcePatternTypes[isPrefix === true ? 'PREFIXED' : 'LITERAL'],
    operation: kafkajs.AclOperationTypes[operation],
  }));
  await asAdmin(options, (admin) => admin.createAcls({ acl }));
}

function createClient(options: KafkaOptions): kafkajs.Kafka {
  return new kafkajs.Kafka({
    brokers: [...options.brokers],
    clientId: options.clientId,
    ...CONNECTION_LIMITS,
    socketFactory: createSocket,
    ...(options.tls === undefined ? {} : { ssl: { ...options.tls } }),
    ...(options.sasl === undefined ? {} : { sasl: { ...options.sasl } }),
    logLevel: kafkajs.logLevel[kafkaVerbosity(options.logger)],
    logCreator: kafkaLogCreator(options.logger),
  });
}

/**
 * A connection of its own for each question: one that outlived a broker would have to be repaired here. kafkajs would
 * ask a silent broker for a minute; after ADMIN_TIMEOUT_MS the question is given up.
 */
async function asAdmin<T>(
  options: KafkaOptions,
  ask: (admin: kafkajs.Admin) => Promise<T>,
): Promise<T> {
  const admin = createClient(options).admin();
  const close = (): Promise<void> => closeQuietly(() => admin.disconnect());
  // Also when nobody waits any more: what kafkajs still tries after the limit may connect again.
  const answer = admin
    .connect()
    .then(() => ask(admin))
    .finally(() => void close());
  const late = (): Error => new Error(`nothing came within ${ADMIN_TIMEOUT_MS} ms`);
  return within(answer, ADMIN_TIMEOUT_MS, late).catch((error: unknown) => {
    void close();
    return throwFailure(options)(error);
  });
}

/** Asks for this topic alone: kafkajs fails for all topics when one partition of any of them has no leader. */
async function partitionCount(admin: kafkajs.Admin, topic: string): Promise<number | undefined> {
  const answer = await admin.fetchTopicMetadata({ topics: [topic] }).catch((error: unknown) => {
    if (isUnknownTopic(error)) return undefined;
    throw error;
  });
  return answer?.topics[0]?.partitions.length;
}

/**
 * The controller has made the topic; the broker that is asked hears of it a moment later. kafkajs' own waiting waits for
 * leaders alone: to be told 'no such topic' ends it. Gives up with the question itself, see asAdmin.
 */
async function untilKnown(admin: kafkajs.Admin, topic: string): Promise<void> {
  const deadline = performance.now() + ADMIN_TIMEOUT_MS;
  while (performance.now() < deadline && (await partitionCount(admin, topic)) === undefined)
    await wait(LOOK_MS);
}

async function readOffsets(
  admin: kafkajs.Admin,
  topic: string,
): Promise<ReadonlyMap<number, PartitionOffsets> | undefined> {
  if ((await partitionCount(admin, topic)) === undefined) return undefined;
  const offsets = await admin.fetchTopicOffsets(topic);
  return new Map(
    offsets.map(({ partition, low, high }) => [
      partition,
      { low: BigInt(low), high: BigInt(high) },
    ]),
  );
}

async function createProducer(options: KafkaOptions): Promise<Producer> {
  const producer = createClient(options).producer({
    // Idempotence keeps the order of a partition over kafkajs' own retries; it holds for one send at a time only.
    idempotent: true,
    allowAutoTopicCreation: false,
    retry: PRODUCER_RETRY,
    // The relay names the partition of each record; -1 would be refused by the broker.
    createPartitioner:
      () =>
      ({ message }) =>
        message.partition ?? -1,
  });
  await connectOrClose(producer).catch(throwRefusal(options));
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
          messages: records.map((record) => ({ ...record, headers: HEADERS })),
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
          : (kafkaRefusal(error, options) ?? error);
      } finally {
        sending = false;
      }
    },
    close: () => closeQuietly(() => producer.disconnect()),
  };
}
