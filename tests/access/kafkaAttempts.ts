// Everything that a principal might try in Kafka, one attempt at a time, and whether the broker lets it.
import { randomUUID } from 'node:crypto';
import kafkajs, { type Admin, type Kafka, type KafkaConfig } from 'kafkajs';

/** What is tried, as the table of the test names it, for example `write users.v1`. */
export interface Attempt {
  readonly name: string;
  readonly act: () => Promise<unknown>;
}

/** A principal at work. */
export interface Intruder {
  readonly kafka: Kafka;
  readonly admin: Admin;
  /** A group that it may join, so that reading a topic depends on the topic alone. */
  readonly probeGroup: string;
  /** How many answers of the broker have said 'not authorized'. */
  readonly countDenials: () => number;
}

const { AclResourceTypes, AclOperationTypes, AclPermissionTypes, ResourcePatternTypes } = kafkajs;
const { TOPIC, BROKER } = kafkajs.ConfigResourceTypes;
const NOT_AUTHORIZED = /not authorized|authorization failed/i;

/** Connects with the log-in that is in `config`. */
export async function connectIntruder(
  config: Pick<KafkaConfig, 'brokers' | 'ssl' | 'sasl'>,
  probeGroup: string,
): Promise<Intruder> {
  let denials = 0;
  const kafka = new kafkajs.Kafka({
    ...config,
    retry: { retries: 3, initialRetryTime: 50 },
    logLevel: kafkajs.logLevel.ERROR,
    logCreator:
      () =>
      ({ log }) => {
        if (NOT_AUTHORIZED.test(String(log.error))) denials += 1;
      },
  });
  const admin = kafka.admin();
  await admin.connect();
  return { kafka, admin, probeGroup, countDenials: () => denials };
}

/** The names of the attempts that were not denied. Throws when one fails for another reason than a missing right. */
export async function findAllowed(
  { countDenials }: Intruder,
  attempts: readonly Attempt[],
): Promise<string[]> {
  const allowed: string[] = [];
  for (const { name, act } of attempts) {
    const before = countDenials();
    try {
      await act();
      allowed.push(name);
    } catch (error) {
      // A coordinator that may not be asked for is 'not found' to kafkajs; the broker's own word is in its log alone.
      const wasHidden = isNoCoordinator(error) && countDenials() > before;
      if (!wasHidden && !isDenied(error)) throw new Error(`${name} failed`, { cause: error });
    }
  }
  return allowed;
}

function isNoCoordinator(error: unknown): boolean {
  return error instanceof Error && error.message.includes('Failed to find group coordinator');
}

/** True for an error of the broker that says 'not authorized', however deep kafkajs has put it. */
function isDenied(error: unknown): boolean {
  if (typeof error !== 'object' || error === null) return false;
  if ('type' in error && String(error.type).endsWith('_AUTHORIZATION_FAILED')) return true;
  return ['cause', 'error', 'errors', 'groups', 'partitions'].some((part) => {
    const inner: unknown = Reflect.get(error, part);
    return Array.isArray(inner) ? inner.some(isDenied) : isDenied(inner);
  });
}

/** What can be tried on a topic. Nothing of it changes the topic, should it be allowed, but for `write` and the deletions. */
export function onTopic({ kafka, admin, probeGroup }: Intruder, topic: string): Attempt[] {
  const resource = { type: TOPIC, name: topic };
  const attempt = (verb: string, act: Attempt['act']) => ({ name: `${verb} ${topic}`, act });
  return [
    attempt('create', () => admin.createTopics({ topics: [{ topic }] })),
    attempt('describe', () => admin.fetchTopicMetadata({ topics: [topic] })),
    attempt('list offsets of', () => admin.fetchTopicOffsets(topic)),
    attempt('write', () => write(kafka, topic)),
    attempt('read', () => read(kafka, probeGroup, topic)),
    attempt('add partitions to', () =>
      admin.createPartitions({ validateOnly: true, topicPartitions: [{ topic, count: 100 }] }),
    ),
    attempt('describe configs of', () =>
      admin.describeConfigs({ includeSynonyms: false, resources: [resource] }),
    ),
    attempt('alter configs of', () =>
      admin.alterConfigs({
        validateOnly: true,
        resources: [{ ...resource, configEntries: [{ name: 'retention.ms', value: '1' }] }],
      }),
    ),
    attempt('delete records of', () =>
      admin.deleteTopicRecords({ topic, partitions: [{ partition: 0, offset: '0' }] }),
    ),
    attempt('delete', () => admin.deleteTopics({ topics: [topic] })),
  ];
}

/** What can be tried on a group; `knownTopic` is a topic that the principal may at least describe, if there is any. */
export function onGroup(
  { kafka, admin }: Intruder,
  groupId: string,
  knownTopic: string | undefined,
): Attempt[] {
  const attempt = (verb: string, act: Attempt['act']) => ({ name: `${verb} ${groupId}`, act });
  return [
    attempt('describe', () => admin.describeGroups([groupId])),
    attempt('read offsets of', () => admin.fetchOffsets({ groupId })),
    ...(knownTopic === undefined
      ? []
      : [attempt('join', () => join(kafka, groupId, knownTopic, 'consumer.group_join'))]),
    attempt('delete', () => admin.deleteGroups([groupId])),
  ];
}

/** What can be tried on the cluster as a whole. */
export function onCluster({ kafka, admin }: Intruder, topicPrefix: string): Attempt[] {
  const filter = {
    ...{ resourceType: AclResourceTypes.ANY, resourcePatternType: ResourcePatternTypes.ANY },
    ...{ operation: AclOperationTypes.ANY, permissionType: AclPermissionTypes.ANY },
  };
  const rule = {
    ...{ principal: 'User:users', host: '*', permissionType: AclPermissionTypes.ALLOW },
    ...{ resourceType: AclResourceTypes.TOPIC, resourceName: '*' },
    ...{ resourcePatternType: ResourcePatternTypes.LITERAL, operation: AclOperationTypes.ALL },
  };
  const broker = { type: BROKER, name: '1' };
  const topic = `${topicPrefix}other.v1`;
  return [
    { name: 'create another topic', act: () => admin.createTopics({ topics: [{ topic }] }) },
    { name: 'see access rules', act: () => admin.describeAcls(filter) },
    { name: 'give access', act: () => admin.createAcls({ acl: [rule] }) },
    { name: 'take access', act: () => admin.deleteAcls({ filters: [filter] }) },
    {
      name: 'see broker configs',
      act: () => admin.describeConfigs({ includeSynonyms: false, resources: [broker] }),
    },
    {
      name: 'alter broker configs',
      act: () =>
        admin.alterConfigs({
          validateOnly: true,
          resources: [{ ...broker, configEntries: [{ name: 'log.retention.ms', value: '1' }] }],
        }),
    },
    { name: 'see reassignments', act: () => admin.listPartitionReassignments({}) },
    { name: 'be an idempotent producer', act: () => produce(kafka, { idempotent: true }) },
    {
      name: 'be a transactional producer',
      act: () => produce(kafka, { idempotent: true, transactionalId: randomUUID() }),
    },
  ];
}

async function write(kafka: Kafka, topic: string): Promise<void> {
  await produce(kafka, {}, topic);
}

async function produce(
  kafka: Kafka,
  options: { readonly idempotent?: boolean; readonly transactionalId?: string },
  topic?: string,
): Promise<void> {
  const producer = kafka.producer({
    ...{ ...options, allowAutoTopicCreation: false, maxInFlightRequests: 1 },
    createPartitioner: () => () => 0,
  });
  try {
    await producer.connect();
    if (options.transactionalId !== undefined) await (await producer.transaction()).abort();
    if (topic !== undefined) await producer.send({ topic, messages: [{ value: 'attempt' }] });
  } finally {
    await producer.disconnect();
  }
}

/** Resolves when a record has come. */
function read(kafka: Kafka, groupId: string, topic: string): Promise<void> {
  return join(kafka, groupId, topic, 'record');
}

/** Joins a group that reads the topic; resolves with what is waited for, rejects when kafkajs gives up. */
async function join(
  kafka: Kafka,
  groupId: string,
  topic: string,
  until: 'consumer.group_join' | 'record',
): Promise<void> {
  const consumer = kafka.consumer({ groupId, allowAutoTopicCreation: false });
  const reached = Promise.withResolvers<undefined>();
  consumer.on('consumer.crash', ({ payload }) => {
    reached.reject(payload.error);
  });
  if (until !== 'record')
    consumer.on(until, () => {
      reached.resolve(undefined);
    });
  try {
    await consumer.connect();
    await consumer.subscribe({ topics: [topic], fromBeginning: true });
    await consumer.run({
      autoCommit: false,
      eachMessage: () => {
        reached.resolve(undefined);
        return Promise.resolve();
      },
    });
    await reached.promise;
  } finally {
    await consumer.disconnect();
  }
}
