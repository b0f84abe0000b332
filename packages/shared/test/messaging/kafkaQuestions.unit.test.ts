// What becomes of a question to Kafka that fails before any broker has heard it.
import kafkajs from 'kafkajs';
import { createKafka } from '../../src/messaging/kafka.ts';
import { createLogger } from '../../src/runtime/logger.ts';

it('a bug in a question is told as it is, not as a broker that is away and would be asked for ever', async () => {
  const admin = new kafkajs.Kafka({ brokers: ['127.0.0.1:1'] }).admin();
  admin.connect = () => Promise.reject(new TypeError('x is not a function'));
  kafkajs.Kafka.prototype.admin = () => admin;
  const broker = createKafka({
    ...{ brokers: ['127.0.0.1:1'], clientId: 'test' },
    logger: createLogger({ service: 'test', level: 'silent' }),
  });
  await expect(broker.partitionCount('topic')).rejects.toThrow(TypeError);
});
