// A test service as a process of its own that kills itself at a named point: `node serviceProcess.ts <settings as JSON>`.
import type { EventStore } from '../../src/eventstore/eventStore.ts';
import type { MessageBroker } from '../../src/messaging/transport.ts';
import { heardBy, type Heard, type Made } from './madeDomain.ts';
import {
  startConsumer,
  startPublisher,
  type ConsumerSettings,
  type ServiceSettings,
} from './testServices.ts';

/** What the process does, and where it dies (SIGKILL, so that nothing is tidied up). */
export type ProcessSettings =
  | {
      readonly role: 'publisher';
      readonly dieAfterSend?: boolean;
      readonly settings: ServiceSettings;
    }
  | {
      readonly role: 'consumer';
      readonly dieAfterCommit?: boolean;
      readonly settings: ConsumerSettings;
    };

function die(): never {
  process.kill(process.pid, 'SIGKILL');
  // The signal comes before anything else of this process runs on; this line is for the compiler.
  throw new Error('killed');
}

/** Dies when Kafka has acknowledged the first send, before any cursor has moved. */
function dyingBroker(broker: MessageBroker): MessageBroker {
  return {
    ...broker,
    async createProducer() {
      const producer = await broker.createProducer();
      return {
        ...producer,
        async send(topic, records) {
          await producer.send(topic, records);
          die();
        },
      };
    },
  };
}

/** Dies when its first transaction is committed, before it knows. */
function dyingStore(store: EventStore<Heard, Made>): EventStore<Heard, Made> {
  return {
    ...store,
    async commit(units) {
      await store.commit(units);
      die();
    },
  };
}

const given = JSON.parse(process.argv[2] ?? '') as ProcessSettings;
switch (given.role) {
  case 'publisher': {
    const { dieAfterSend, settings } = given;
    await startPublisher(settings, dieAfterSend === true ? { broker: dyingBroker } : {});
    break;
  }
  case 'consumer': {
    const { dieAfterCommit, settings } = given;
    const consumer = startConsumer(settings, dieAfterCommit === true ? { store: dyingStore } : {});
    await heardBy(consumer.store);
    break;
  }
}
