// What becomes of a question to Kafka that fails before any broker has heard it, or answered it.
import { createRequire } from 'node:module';
import kafkajs from 'kafkajs';
import { createKafka } from '../../src/messaging/kafka.ts';
import { createLogger } from '../../src/runtime/logger.ts';

const broker = createKafka({
  ...{ brokers: ['127.0.0.1:1'], clientId: 'test' },
  logger: createLogger({ service: 'test', level: 'silent' }),
});

it('a question whose connection breaks may be asked again, and is no bug that ends the process', async () => {
  const load: (path: string) => unknown = createRequire(import.meta.url);
  const { prototype } = load('kafkajs/src/cluster/brokerPool.js') as { prototype: object };
  const done = (): Promise<void> => Promise.resolve();
  const calm = { connect: done, disconnect: done, refreshMetadataIfNecessary: done };
  // What kafkajs' pool gives when the only broker was connected, and is killed before it answers.
  Object.assign(prototype, { ...calm, withBroker: () => Promise.resolve(null) });
  await expect(broker.partitionCount('topic')).rejects.toMatchObject({
    code: 'kafka_unavailable',
    retryable: true,
  });
});

it('a bug in a question is told as it is, not as a broker that is away and would be asked for ever', async () => {
  const admin = new kafkajs.Kafka({ brokers: ['127.0.0.1:1'] }).admin();
  admin.connect = () => Promise.reject(new TypeError('x is not a function'));
  kafkajs.Kafka.prototype.admin = () => admin;
  await expect(broker.partitionCount('topic')).rejects.toThrow(TypeError);
});

it('a topic that was made is waited for until the broker that is asked knows of it', async () => {
  const admin = new kafkajs.Kafka({ brokers: ['127.0.0.1:1'] }).admin();
  const partition = { partitionId: 0, leader: 1, partitionErrorCode: 0, replicas: [], isr: [] };
  let looks = 0;
  Object.assign(admin, {
    connect: () => Promise.resolve(),
    disconnect: () => Promise.resolve(),
    createTopics: () => Promise.resolve(true),
    fetchTopicMetadata() {
      looks += 1;
      const unknown = { type: 'UNKNOWN_TOPIC_OR_PARTITION' };
      return looks < 3
        ? Promise.reject(Object.assign(new Error('unknown'), unknown))
        : Promise.resolve({ topics: [{ name: 'topic', partitions: [partition] }] });
    },
  });
  kafkajs.Kafka.prototype.admin = () => admin;
  await broker.createTopic('topic', 1, 1);
  expect(looks).toBe(3);
});
