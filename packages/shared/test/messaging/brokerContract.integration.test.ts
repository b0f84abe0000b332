// The real broker keeps the contract to which the simulated one is held.
import { createKafka } from '../../src/messaging/kafka.ts';
import { createLogger } from '../../src/runtime/logger.ts';
import { brokerContract } from '../../src/testing/brokerContract.ts';
import { testInfra } from '../../src/testing/infra.ts';
import { uniqueName } from './testServices.ts';

const { brokers } = testInfra();
const logger = createLogger({ service: 'test', level: 'silent' });

brokerContract('Kafka', () => ({
  broker: createKafka({ brokers, clientId: 'contract', logger }),
  uniqueName,
}));
