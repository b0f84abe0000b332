// The cluster that tests of the relay use: three real brokers, any of which may be killed and started again.
import { eventually } from '@orderflow/shared/testing/eventually.ts';
import { startKafka, type KafkaCluster } from '../embedded/kafkaCluster.ts';
import { countKafkaBrokers, kafkaAnswers, parseAddress } from '../process/probes.ts';

const answers = (broker: string) => kafkaAnswers(parseAddress(broker)).catch(() => false);

describe('a cluster of three brokers', () => {
  let cluster: KafkaCluster;

  beforeAll(async () => {
    cluster = await startKafka({
      nodes: 3,
      properties: { 'broker.session.timeout.ms': '3000', 'broker.heartbeat.interval.ms': '500' },
    });
  });

  afterAll(async () => {
    await cluster.stop();
  });

  it('answers at all its addresses, and each broker knows the others', async () => {
    expect(await Promise.all(cluster.brokers.map(answers))).toEqual([true, true, true]);
    const known = cluster.brokers.map((broker) => countKafkaBrokers(parseAddress(broker)));
    expect(await Promise.all(known)).toEqual([3, 3, 3]);
  });

  it('goes on without one that was killed, which comes back on its address', async () => {
    const [first, second] = cluster.nodes;
    if (first === undefined || second === undefined) throw new Error('too few brokers');
    await first.kill();
    expect(await Promise.all([first.broker, second.broker].map(answers))).toEqual([false, true]);
    await first.restart();
    expect(await answers(first.broker)).toBe(true);
    await eventually(
      async () => (await countKafkaBrokers(parseAddress(second.broker))) === 3,
      'the others know it again',
    );
  });
});
