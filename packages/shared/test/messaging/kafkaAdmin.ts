// What a test does to Kafka behind the services' backs: loses records, wipes topics, sends what is no message.
import kafkajs from 'kafkajs';
import { isUnknownTopic } from '../../src/messaging/producerAnswer.ts';
import { eventually } from '../../src/testing/eventually.ts';

const connect = (brokers: readonly string[]) =>
  new kafkajs.Kafka({
    ...{ brokers: [...brokers], clientId: 'test', logLevel: kafkajs.logLevel.NOTHING },
    retry: { initialRetryTime: 100, maxRetryTime: 1_000, retries: 10 },
  });

async function asAdmin<T>(
  brokers: readonly string[],
  act: (admin: kafkajs.Admin) => Promise<T>,
): Promise<T> {
  const admin = connect(brokers).admin();
  await admin.connect();
  try {
    return await act(admin);
  } finally {
    await admin.disconnect();
  }
}

/** Deletes all that stands in the topic now; offsets go on behind it. */
export function deleteAllRecords(brokers: readonly string[], topic: string): Promise<void> {
  return asAdmin(brokers, async (admin) => {
    const offsets = await admin.fetchTopicOffsets(topic);
    const partitions = offsets
      .filter(({ high, low }) => high !== low)
      .map(({ partition, high }) => ({ partition, offset: high }));
    if (partitions.length > 0) await admin.deleteTopicRecords({ topic, partitions });
  });
}

/** Deletes the topic, and waits until it is gone. */
export function deleteTopic(brokers: readonly string[], topic: string): Promise<void> {
  return asAdmin(brokers, async (admin) => {
    await admin.deleteTopics({ topics: [topic] });
    const isGone = () =>
      admin.fetchTopicMetadata({ topics: [topic] }).then(() => false, isUnknownTopic);
    await eventually(isGone, `topic ${topic} is gone`);
  });
}

/** Makes the topic, and waits until it is known. */
export function makeTopic(
  brokers: readonly string[],
  topic: string,
  numPartitions: number,
): Promise<void> {
  return asAdmin(brokers, async (admin) => {
    await admin.createTopics({ topics: [{ topic, numPartitions }], waitForLeaders: false });
    const isKnown = () => admin.fetchTopicMetadata({ topics: [topic] }).then(Boolean, () => false);
    await eventually(isKnown, `topic ${topic} is known`);
  });
}

/** Makes Kafka believe that the group has read the topic to its end. */
export function commitEnd(
  brokers: readonly string[],
  groupId: string,
  topic: string,
): Promise<void> {
  return asAdmin(brokers, async (admin) => {
    const offsets = await admin.fetchTopicOffsets(topic);
    const partitions = offsets.map(({ partition, high }) => ({ partition, offset: high }));
    await admin.setOffsets({ groupId, topic, partitions });
  });
}

/** The ids that the members of a group have been given. */
export function membersOf(brokers: readonly string[], groupId: string): Promise<string[]> {
  return asAdmin(brokers, async (admin) => {
    const { groups } = await admin.describeGroups([groupId]);
    return groups.flatMap(({ members }) => members.map(({ memberId }) => memberId));
  });
}

/** The leader of each partition, by partition. */
export function leadersOf(brokers: readonly string[], topic: string): Promise<number[]> {
  return asAdmin(brokers, async (admin) => {
    const { topics } = await admin.fetchTopicMetadata({ topics: [topic] });
    const partitions = topics[0]?.partitions ?? [];
    return partitions.toSorted((a, b) => a.partitionId - b.partitionId).map(({ leader }) => leader);
  });
}

/** Moves a partition, of which there is one copy, to another broker; resolves when that leads it. */
export async function moveLeader(
  brokers: readonly string[],
  topic: string,
  partition: number,
  nodeId: number,
): Promise<void> {
  await asAdmin(brokers, (admin) =>
    admin.alterPartitionReassignments({
      topics: [{ topic, partitionAssignment: [{ partition, replicas: [nodeId] }] }],
    }),
  );
  while ((await leadersOf(brokers, topic))[partition] !== nodeId);
}

/** Sends values as they are. */
export async function sendRaw(
  brokers: readonly string[],
  topic: string,
  partition: number,
  values: readonly string[],
): Promise<void> {
  const producer = connect(brokers).producer({
    createPartitioner: kafkajs.Partitioners.DefaultPartitioner,
  });
  await producer.connect();
  await producer.send({ topic, messages: values.map((value) => ({ partition, value })) });
  await producer.disconnect();
}
