// Brokers that go away and come back, and an answer of theirs that leaves a partition out (kafkajs#1798).
import { startKafka, type KafkaCluster } from '../../../../local/embedded/kafkaCluster.ts';
import { createKafka } from '../../src/messaging/kafka.ts';
import { createLogger } from '../../src/runtime/logger.ts';
import { eventually } from '../../src/testing/eventually.ts';
import { testInfra } from '../../src/testing/infra.ts';
import { leadersOf, membersOf, moveLeader } from './kafkaAdmin.ts';
import { heardBy, KEYS, make } from './madeDomain.ts';
import { createParty, untilAllHeard, type Party } from './party.ts';
import { uniqueName } from './testServices.ts';

const infra = testInfra();
let party: Party | undefined;

afterEach(async () => {
  await party?.end();
  party = undefined;
});

describe('one broker', () => {
  let cluster: KafkaCluster;
  beforeAll(async () => {
    cluster = await startKafka({ nodes: 1 });
  });
  afterAll(() => cluster.stop());

  it('that is killed and comes back costs nothing but time', async () => {
    party = await createParty(infra, cluster);
    const publisher = await party.startPublisher();
    const consumer = party.startConsumer(publisher);
    await make(publisher.store, KEYS, 1, 20);
    await eventually(async () => (await heardBy(consumer.store)).size > 0, 'it has begun');
    await cluster.nodes[0]?.kill();
    await make(publisher.store, KEYS, 21, 40);
    await cluster.nodes[0]?.restart();
    await untilAllHeard(consumer.store, 40);
  });

  it('that is killed and comes back meets the member it had, and waits for no session to end', async () => {
    party = await createParty(infra, cluster);
    const publisher = await party.startPublisher();
    const consumer = party.startConsumer(publisher);
    await make(publisher.store, KEYS, 1, 5);
    await untilAllHeard(consumer.store, 5);
    const members = await membersOf(cluster.brokers, party.topic);
    expect(members).toHaveLength(1);
    await cluster.nodes[0]?.kill();
    await cluster.nodes[0]?.restart();
    await make(publisher.store, KEYS, 6, 10);
    await untilAllHeard(consumer.store, 10);
    expect(await membersOf(cluster.brokers, party.topic)).toEqual(members);
  });
});

describe('three brokers', () => {
  let cluster: KafkaCluster;
  beforeAll(async () => {
    cluster = await startKafka({
      nodes: 3,
      // A broker that was killed loses its leaderships after this; 9 s if not given.
      properties: { 'broker.session.timeout.ms': '3000', 'broker.heartbeat.interval.ms': '500' },
    });
  });
  afterAll(() => cluster.stop());

  it('whose answer leaves a partition out have not taken the send', async () => {
    const topic = uniqueName('answers');
    const broker = createKafka({
      ...{ brokers: cluster.brokers, clientId: 'test' },
      logger: createLogger({ service: 'test', level: 'silent' }),
    });
    await broker.createTopic(topic, 3, 1);
    const records = [0, 1, 2].map((partition) => ({ partition, key: 'key', value: 'value' }));
    const producer = await broker.createProducer();
    await producer.send(topic, records);
    const [, other] = await leadersOf(cluster.brokers, topic);
    // At the first try the old leader of partition 0 refuses, and the others take theirs. At the second one the new
    // leader is known; but that broker has answered already, so kafkajs asks nobody, and calls it done.
    await moveLeader(cluster.brokers, topic, 0, other ?? 0);
    await expect(producer.send(topic, records)).rejects.toThrow(/answer lacks partitions 0;/);
    await producer.close();
    const offsets = await broker.readOffsets(topic);
    expect([0, 1, 2].map((partition) => offsets?.get(partition)?.high)).toEqual([1n, 2n, 2n]);
  });

  it('between which leaders move, and one of which is killed, lose nothing', async () => {
    // One partition a broker, one copy each: the kill leaves one of a stranger's partitions without a leader, and that
    // must not concern us.
    const broker = createKafka({
      ...{ brokers: cluster.brokers, clientId: 'stranger' },
      logger: createLogger({ service: 'test', level: 'silent' }),
    });
    await broker.createTopic(uniqueName('stranger'), 3, 1);
    party = await createParty(infra, { brokers: cluster.brokers, replicationFactor: 3 });
    const publisher = await party.startPublisher();
    const consumer = party.startConsumer(publisher);
    await make(publisher.store, KEYS, 1, 5);
    await untilAllHeard(consumer.store, 5);
    const making = make(publisher.store, KEYS, 6, 40);
    await cluster.nodes[1]?.kill();
    await making;
    await untilAllHeard(consumer.store, 40);
  });
});
