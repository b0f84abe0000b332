// Brokers that go away and come back, and an answer of theirs that leaves a partition out (kafkajs#1798).
import { startKafka, type KafkaCluster } from '../../../../local/embedded/kafkaCluster.ts';
import { createKafka } from '../../src/messaging/kafka.ts';
import { createLogger } from '../../src/runtime/logger.ts';
import { eventually } from '../../src/testing/eventually.ts';
import { testInfra } from '../../src/testing/infra.ts';
import { leadersOf } from './kafkaAdmin.ts';
import { heardBy, KEYS, make } from './madeDomain.ts';
import { createParty, untilAllHeard, type Party } from './party.ts';
import { uniqueName } from './testServices.ts';

const infra = testInfra();
let cluster: KafkaCluster;
let party: Party | undefined;

afterEach(async () => {
  await party?.end();
  party = undefined;
  await cluster.stop();
});

it('a broker that is killed and comes back costs nothing but time', async () => {
  cluster = await startKafka({ nodes: 1 });
  party = await createParty(infra, cluster);
  const publisher = await party.startPublisher();
  const consumer = party.startConsumer(publisher);
  await make(publisher.store, KEYS, 1, 20);
  await eventually(async () => (await heardBy(consumer.store)).size > 0, 'the consumer has begun');
  for (const round of [1, 2]) {
    await cluster.nodes[0]?.kill();
    await make(publisher.store, KEYS, 20 * round + 1, 20 * round + 20);
    await cluster.nodes[0]?.restart();
  }
  await untilAllHeard(consumer.store, 60);
});

it('a leader that moves while the relay sends loses nothing', async () => {
  cluster = await startKafka({ nodes: 3, properties: { 'min.insync.replicas': '1' } });
  party = await createParty(infra, { brokers: cluster.brokers, replicationFactor: 3 });
  const publisher = await party.startPublisher();
  const consumer = party.startConsumer(publisher);
  await make(publisher.store, KEYS, 1, 5);
  await untilAllHeard(consumer.store, 5);
  let count = 5;
  for (const node of cluster.nodes) {
    const making = make(publisher.store, KEYS, count + 1, count + 20);
    await node.kill();
    await making;
    await node.restart();
    count += 20;
  }
  await untilAllHeard(consumer.store, count);
});

it('an answer that leaves a partition out is an error of the send, not a success', async () => {
  cluster = await startKafka({ nodes: 3, properties: { 'min.insync.replicas': '1' } });
  const { brokers } = cluster;
  const topic = uniqueName('answers');
  const broker = createKafka({
    ...{ brokers, clientId: 'test' },
    logger: createLogger({ service: 'test', level: 'silent' }),
  });
  await broker.createTopic(topic, 3, 3);
  const records = [0, 1, 2].map((partition) => ({ partition, key: 'key', value: 'value' }));
  let failure = '';
  for (let round = 0; failure === '' && round < 6; round += 1) {
    const producer = await broker.createProducer();
    await producer.send(topic, records);
    const leaders = await leadersOf(brokers, topic);
    expect(new Set(leaders).size).toBeGreaterThan(1);
    // One of the leaders goes; the others answer at once, and its partition moves to one that has answered already.
    const node = cluster.nodes.find(({ nodeId }) => nodeId === leaders[round % 3]);
    await node?.kill();
    await producer.send(topic, records).catch((error: unknown) => {
      failure = String(error);
    });
    await producer.close();
    await node?.restart();
  }
  expect(failure).toMatch(/the broker's answer lacks partitions/);
});
