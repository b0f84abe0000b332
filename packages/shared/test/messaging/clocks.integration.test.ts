// A publisher's clock may be wrong: the broker must take its messages all the same.
import kafkajs from 'kafkajs';
import { createKafka } from '../../src/messaging/kafka.ts';
import { createLogger } from '../../src/runtime/logger.ts';
import { testInfra } from '../../src/testing/infra.ts';
import { uniqueName } from './testServices.ts';

const { brokers } = testInfra();
const HOUR_MS = 3_600_000;

describe('a topic that a service has made', () => {
  it.each([-30, 30])('takes messages that are dated %i hours from now', async (hours) => {
    const topic = uniqueName('clocks');
    const logger = createLogger({ service: 'test', level: 'silent' });
    await createKafka({ brokers, clientId: 'test', logger }).createTopic(topic, 1, 1);
    const client = new kafkajs.Kafka({ brokers, logLevel: kafkajs.logLevel.NOTHING });
    const producer = client.producer({ retry: { retries: 2 } });
    await producer.connect();
    const timestamp = String(Date.now() + hours * HOUR_MS);
    const messages = [{ key: 'key', value: 'value', timestamp }];
    const [answer] = await producer.send({ topic, messages });
    await producer.disconnect();
    expect(answer?.errorCode).toBe(0);
  });
});
