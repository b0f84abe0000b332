// The cluster that tests of the relay use: three real brokers, any of which may be killed and started again.
import { startKafka, type KafkaCluster } from '../embedded/kafkaCluster.ts';
import { identify } from '../process/identity.ts';
import { countKafkaBrokers, kafkaAnswers, parseAddress } from '../process/probes.ts';

const answers = (broker: string) => kafkaAnswers(parseAddress(broker)).catch(() => false);

describe('a cluster of three brokers', () => {
  let cluster: KafkaCluster;

  beforeAll(async () => {
    cluster = await startKafka({ nodes: 3 });
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
    const pid = first.pid();
    await first.kill();
    expect(identify(pid)).toBeUndefined();
    expect(await Promise.all([first.broker, second.broker].map(answers))).toEqual([false, true]);
    await first.restart();
    expect(await answers(first.broker)).toBe(true);
    expect(first.pid()).not.toBe(pid);
  });
});
