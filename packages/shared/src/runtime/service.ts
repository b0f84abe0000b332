// An event-sourced service from its parts to its drain: database, relay and consumer, HTTP; stopped in reverse order.
import type { Router } from 'express';
import type { Decider, DomainEvent } from '../eventstore/decider.ts';
import { createHttpApp, listen } from '../http/server.ts';
import type { UpgradeTo } from '../http/upgrade.ts';
import { createKafka } from '../messaging/kafka.ts';
import { kafkaAccess } from '../messaging/kafkaSecurity.ts';
import type { StateCodec } from '../messaging/loadStates.ts';
import { createMessaging, mysqlBooks, type Messaging } from '../messaging/messaging.ts';
import type { Reactions } from '../messaging/reaction.ts';
import { requireSameTopics } from '../messaging/topicNames.ts';
import type { ToMessages } from '../messaging/relayBatch.ts';
import { rewindRoute } from '../messaging/rewindRoute.ts';
import { defaultGroup, type KafkaConfig } from './kafkaSettings.ts';
import type { ProcessConfig, ServiceContext } from './lifecycle.ts';
import {
  openServiceDatabase,
  type DatabaseConfig,
  type ServiceDatabase,
  type StoredParts,
} from './serviceDatabase.ts';

/** The settings of an event-sourced service; `processSettings`, `databaseSettings` and `kafkaSettings` give them. */
export interface ServiceConfig extends ProcessConfig, DatabaseConfig, KafkaConfig {
  readonly HOST: string;
  readonly PORT: number;
  readonly KAFKA_GROUP_ID?: string | undefined;
  readonly TOPIC_PREFIX: string;
  readonly TOPIC_PARTITIONS: number;
  readonly TOPIC_REPLICATION_FACTOR: number;
}

/** What a service is made of before anything is connected. */
export interface ServiceParts<
  State,
  Event extends DomainEvent,
  Fact extends DomainEvent,
> extends StoredParts<Event, Fact> {
  readonly decider: Pick<Decider<State, never, Event>, 'initialState' | 'evolve'>;
  /** Left out where streams are too short for snapshots. */
  readonly stateCodec?: StateCodec<State>;
  /** The topic that it publishes to, without prefix. */
  readonly topic: string;
  readonly toMessages: ToMessages<Event>;
  /** See RelayDeps. */
  readonly isAwaited?: (event: Event) => boolean;
}

/** What a service does once it has its database. */
export interface ServiceApp<State, Event extends DomainEvent, Fact extends DomainEvent> {
  readonly routes: Router;
  /** What else its port speaks. */
  readonly upgradeTo?: UpgradeTo;
  /** Left out by a service that listens to nobody. */
  readonly inbound?: {
    readonly reactions: Reactions<State, Event, Fact>;
    /** Per topic (without prefix): the base URL of its publisher, which is asked to send again what Kafka has lost. */
    readonly publishers: Readonly<Record<string, string>>;
    /** See ConsumerDeps. */
    readonly cacheBytes?: number;
  };
  /** Answers requests that wait for something at once: called when the drain has taken half of its time. */
  readonly stopWaiting?: () => void;
}

/**
 * Starts a service. HTTP comes last, so that it is the first to stop: requests under way can still be decided while it
 * drains, then the consumer and the relay end, and the database last.
 */
export async function startService<
  State,
  Event extends DomainEvent,
  Fact extends DomainEvent = never,
>(
  context: ServiceContext<ServiceConfig>,
  parts: ServiceParts<State, Event, Fact>,
  createApp: (database: ServiceDatabase<Event, Fact>) => ServiceApp<State, Event, Fact>,
): Promise<void> {
  const { config, logger, onStop } = context;
  const database = await openServiceDatabase(context.name, config, parts, logger);
  onStop('database', () => database.close());

  const app = createApp(database);
  await requireSameTopics(database.pool, {
    ...{ prefix: config.TOPIC_PREFIX, consumer: context.name, published: parts.topic },
    consumed: Object.keys(app.inbound?.publishers ?? {}),
  });
  const messaging = composeMessaging(context, parts, database, app);
  messaging.start();
  onStop('messaging', () => messaging.stop());

  const server = await listen(
    createHttpApp({
      logger,
      health: {
        database: () => database.requireReady(),
        messaging: () => {
          messaging.requireReady();
        },
      },
      routes: (http) => {
        http.use(rewindRoute(messaging));
        http.use(app.routes);
      },
    }),
    config.HOST,
    config.PORT,
    app.upgradeTo,
  );
  onStop('http', async () => {
    const timer = setTimeout(() => app.stopWaiting?.(), config.DRAIN_TIMEOUT_MS / 2);
    await server.askToLeave();
    // The rest of the drain is for the parts that stop after this one.
    await server.close(config.DRAIN_TIMEOUT_MS * 0.65);
    clearTimeout(timer);
  });
  logger.info({ url: server.url }, 'listening');
}

function composeMessaging<State, Event extends DomainEvent, Fact extends DomainEvent>(
  { name, config, logger, fail }: ServiceContext<ServiceConfig>,
  parts: ServiceParts<State, Event, Fact>,
  { pool, store }: ServiceDatabase<Event, Fact>,
  { inbound }: ServiceApp<State, Event, Fact>,
): Messaging {
  const prefix = config.TOPIC_PREFIX;
  return createMessaging<State, Event, Fact>({
    service: name,
    store,
    broker: createKafka({ ...kafkaAccess(config), clientId: `orderflow-${name}`, logger }),
    books: mysqlBooks(pool),
    publishes: {
      topic: `${prefix}${parts.topic}`,
      partitionCount: config.TOPIC_PARTITIONS,
      replicationFactor: config.TOPIC_REPLICATION_FACTOR,
      toMessages: parts.toMessages,
      isAwaited: parts.isAwaited,
    },
    ...(inbound === undefined
      ? {}
      : {
          consumes: {
            groupId: config.KAFKA_GROUP_ID ?? defaultGroup(name, prefix),
            subscriptions: Object.entries(inbound.publishers).map(([topic, publisherUrl]) => ({
              topic: `${prefix}${topic}`,
              publisherUrl,
            })),
            reactions: inbound.reactions,
            evolution: { ...parts.decider, stateCodec: parts.stateCodec },
            ...(inbound.cacheBytes === undefined ? {} : { cacheBytes: inbound.cacheBytes }),
          },
        }),
    logger,
    onFatal: fail,
  });
}
