// The two services of madeDomain.ts as they would run: real store, real broker, the rewind route on a port of its own.
import type { AddressInfo } from 'node:net';
import { randomBytes } from 'node:crypto';
import type { EventStore } from '../../src/eventstore/eventStore.ts';
import { createMysqlEventStore } from '../../src/eventstore/mysqlEventStore.ts';
import { createHttpApp } from '../../src/http/server.ts';
import { createKafka } from '../../src/messaging/kafka.ts';
import { createMessaging, mysqlBooks, type Messaging } from '../../src/messaging/messaging.ts';
import type { Reactions } from '../../src/messaging/reaction.ts';
import { rewindRoute } from '../../src/messaging/rewindRoute.ts';
import type { MessageBroker } from '../../src/messaging/transport.ts';
import { openPool, type DatabaseSettings } from '../../src/runtime/database.ts';
import { createLogger, type Logger } from '../../src/runtime/logger.ts';
import {
  heardCodec,
  heardEvolution,
  hearing,
  madeCodec,
  madeToMessages,
  type Heard,
  type HeardState,
  type Made,
} from './madeDomain.ts';

/** Where a test service finds what it needs; plain JSON, so that a child process can be given it. */
export interface ServiceSettings {
  readonly brokers: readonly string[];
  readonly database: DatabaseSettings;
  readonly topic: string;
  readonly partitionCount?: number;
  readonly replicationFactor?: number;
}

export interface ConsumerSettings extends ServiceSettings {
  readonly groupId: string;
  readonly publisherUrl: string;
}

/** A running test service. */
export interface TestService<Store> {
  readonly store: Store;
  readonly messaging: Messaging;
  /** Base URL of its rewind route; none for the consumer. */
  readonly url: string;
  /** Reasons given to onFatal. */
  readonly fatal: readonly string[];
  stop(): Promise<void>;
}

/** What a test may put in place of the real thing. */
export interface Replacements<Store> {
  /** What a consumer does about messages. */
  readonly reactions?: Reactions<HeardState, Heard, Made>;
  readonly store?: (store: Store) => Store;
  readonly broker?: (broker: MessageBroker) => MessageBroker;
  readonly logger?: Logger;
}

export function uniqueName(prefix: string): string {
  return `${prefix}-${randomBytes(4).toString('hex')}`;
}

const testLogger = (service: string): Logger =>
  createLogger({ service, level: process.env.TEST_LOG_LEVEL ?? 'silent' });

export async function startPublisher(
  settings: ServiceSettings,
  replacements: Replacements<EventStore<Made>> = {},
): Promise<TestService<EventStore<Made>>> {
  const logger = replacements.logger ?? testLogger('publisher');
  const pool = openPool(settings.database);
  const real = createMysqlEventStore<Made>({ pool, codec: madeCodec, projections: [] });
  const store = replacements.store?.(real) ?? real;
  const broker = createKafka({ brokers: settings.brokers, clientId: 'publisher', logger });
  const fatal: string[] = [];
  const messaging = createMessaging<never, Made, never>({
    service: 'publisher',
    ...{ store, logger },
    broker: replacements.broker?.(broker) ?? broker,
    books: mysqlBooks(pool),
    publishes: {
      topic: settings.topic,
      partitionCount: settings.partitionCount ?? 4,
      replicationFactor: settings.replicationFactor ?? 1,
      toMessages: madeToMessages,
    },
    onFatal: (reason, error) => fatal.push(`${reason}: ${String(error)}`),
  });
  const app = createHttpApp({
    logger,
    health: {},
    routes: (routes) => void routes.use(rewindRoute(messaging)),
  });
  const server = app.listen(0, '127.0.0.1');
  await new Promise((resolve) => server.once('listening', resolve));
  messaging.start();
  return {
    ...{ store, messaging, fatal },
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    async stop() {
      await messaging.stop();
      await new Promise((resolve) => {
        server.close(resolve);
        server.closeAllConnections();
      });
      await pool.end();
    },
  };
}

export function startConsumer(
  settings: ConsumerSettings,
  replacements: Replacements<EventStore<Heard, Made>> = {},
): TestService<EventStore<Heard, Made>> {
  const logger = replacements.logger ?? testLogger('consumer');
  const pool = openPool(settings.database);
  const real = createMysqlEventStore<Heard, Made>({ pool, codec: heardCodec, projections: [] });
  const store = replacements.store?.(real) ?? real;
  const broker = createKafka({ brokers: settings.brokers, clientId: 'consumer', logger });
  const fatal: string[] = [];
  const messaging = createMessaging<HeardState, Heard, Made>({
    service: 'consumer',
    ...{ store, logger },
    broker: replacements.broker?.(broker) ?? broker,
    books: mysqlBooks(pool),
    publishes: {
      topic: `${settings.topic}.heard`,
      partitionCount: 1,
      replicationFactor: settings.replicationFactor ?? 1,
      toMessages: () => [],
    },
    consumes: {
      groupId: settings.groupId,
      subscriptions: [{ topic: settings.topic, publisherUrl: settings.publisherUrl }],
      reactions: replacements.reactions ?? hearing,
      evolution: heardEvolution,
    },
    onFatal: (reason, error) => fatal.push(`${reason}: ${String(error)}`),
  });
  messaging.start();
  return {
    ...{ store, messaging, fatal, url: '' },
    async stop() {
      await messaging.stop();
      await pool.end();
    },
  };
}
