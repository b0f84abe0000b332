// A service's whole messaging: its topic, its relay, its consumer, started and stopped as one.
import type { Pool } from 'mysql2/promise';
import type { DomainEvent } from '../eventstore/decider.ts';
import type { EventStore } from '../eventstore/eventStore.ts';
import { AppError } from '../runtime/appError.ts';
import type { Logger } from '../runtime/logger.ts';
import type { Place } from './chain.ts';
import { createConsumer, type MessageConsumer } from './consumer.ts';
import { createMysqlRelayPositions } from './mysqlRelayPositions.ts';
import type { Reactions } from './reaction.ts';
import { Relay } from './relay.ts';
import type { ToMessages } from './relayBatch.ts';
import type { RelayPositions } from './relayPositions.ts';
import { askForRewind } from './rewind.ts';
import type { RewindTarget } from './rewindRoute.ts';
import { backOff, createSignal } from './signal.ts';
import type { Evolution } from './stateCache.ts';
import {
  createMysqlTopicRecords,
  ensureTopic,
  type TopicRecords,
  type TopicSettings,
} from './topic.ts';
import type { MessageBroker } from './transport.ts';

/** Where messaging keeps its books: `mysqlBooks(pool)`, or in memory for simulations. */
export interface MessagingBooks {
  readonly topicRecords: TopicRecords;
  readonly relayPositions: (topic: string, partitionCount: number) => RelayPositions;
}

/** A topic that this service reads, and where its publisher can be asked to send again. */
export interface Subscription {
  /** With its prefix. */
  readonly topic: string;
  /** Base URL of the publishing service. */
  readonly publisherUrl: string;
}

/** The inbound side of a service. */
export interface Consumption<State, Event extends DomainEvent, Fact extends DomainEvent> {
  readonly groupId: string;
  readonly subscriptions: readonly Subscription[];
  readonly reactions: Reactions<State, Event, Fact>;
  readonly evolution: Evolution<State, Event>;
  /** See ConsumerDeps. */
  readonly cachedStates?: number;
}

/** What a service's messaging is made of. */
export interface MessagingDeps<State, Event extends DomainEvent, Fact extends DomainEvent> {
  /** The service: the `source` of its messages, and the name of its consumer's cursors. */
  readonly service: string;
  readonly store: EventStore<Event, Fact>;
  readonly broker: MessageBroker;
  readonly books: MessagingBooks;
  readonly publishes: TopicSettings & { readonly toMessages: ToMessages<Event> };
  /** Left out by a service that reads no topic. */
  readonly consumes?: Consumption<State, Event, Fact>;
  readonly logger: Logger;
  /** Called at most once per part when the process should end, to be started again. `ServiceContext.fail` fits. */
  readonly onFatal: (reason: string, error: unknown) => void;
}

/** A service's messaging. It is also what `rewindRoute` serves. */
export interface Messaging extends RewindTarget {
  /** Starts in the background: a service answers over HTTP while Kafka is away, and catches up afterwards. */
  start(): void;
  /** Drains: the batch under way, then the relay's send, then the cursors. */
  stop(): Promise<void>;
  /** Throws, with the reason, unless the own topic is in place and the consumer group is joined. For `/readyz`. */
  requireReady(): void;
}

const RETRY_FIRST_MS = 250;
const RETRY_MOST_MS = 2_000;

/** The books in the service's own schema. */
export function mysqlBooks(pool: Pool): MessagingBooks {
  return {
    topicRecords: createMysqlTopicRecords(pool),
    relayPositions: (topic, partitionCount) =>
      createMysqlRelayPositions(pool, topic, partitionCount),
  };
}

/** Composes a service's messaging; nothing is connected before `start`. */
export function createMessaging<State, Event extends DomainEvent, Fact extends DomainEvent>(
  deps: MessagingDeps<State, Event, Fact>,
): Messaging {
  const { service, store, broker, books, publishes, logger, onFatal } = deps;
  const { topic } = publishes;
  const bell = createSignal();
  const consumer = deps.consumes === undefined ? undefined : consumerOf(deps, deps.consumes);
  let relay: Relay<Event> | undefined;
  let notReady = `topic ${topic} is not in place yet`;
  let stopping = false;
  let starting: Promise<void> = Promise.resolve();

  const ensure = () => ensureTopic({ broker, records: books.topicRecords, logger }, publishes);

  async function startRelay(): Promise<void> {
    for (let failures = 1; !stopping; failures += 1) {
      try {
        const { partitionCount, refill } = await ensure();
        const positions = books.relayPositions(topic, partitionCount);
        relay = new Relay({
          ...{ store, broker, topic, positions, logger, onFatal },
          source: service,
          toMessages: publishes.toMessages,
          ensureTopic: ensure,
          refillFirst: refill,
        });
        relay.start();
        return;
      } catch (error) {
        if (!(error instanceof AppError && error.retryable)) throw error;
        notReady = `topic ${topic}: ${error.message}`;
        logger.warn({ err: error, failures }, 'the own topic cannot be reached yet');
      }
      await bell.wait(backOff(failures, RETRY_FIRST_MS, RETRY_MOST_MS));
    }
  }

  return {
    topic,
    start() {
      starting = startRelay().catch((error: unknown) => {
        notReady = String(error);
        onFatal(`the topic ${topic} cannot be used`, error);
      });
      consumer?.start();
    },
    async stop() {
      stopping = true;
      notReady = 'stopping';
      bell.ring();
      await consumer?.stop();
      await starting;
      await relay?.stop();
      relay = undefined;
    },
    requireReady() {
      if (relay === undefined)
        throw new AppError('messaging_not_ready', notReady, { retryable: true });
      consumer?.requireReady();
    },
    async requestRewind(partition, place) {
      if (relay === undefined)
        throw new AppError('messaging_not_ready', notReady, { retryable: true });
      await relay.requestRewind(partition, place);
    },
  };
}

function consumerOf<State, Event extends DomainEvent, Fact extends DomainEvent>(
  deps: MessagingDeps<State, Event, Fact>,
  consumes: Consumption<State, Event, Fact>,
): MessageConsumer {
  const { service, store, broker, logger, onFatal } = deps;
  const { groupId, subscriptions, reactions, evolution, cachedStates } = consumes;
  const publishers = new Map(subscriptions.map((entry) => [entry.topic, entry.publisherUrl]));
  return createConsumer<State, Event, Fact>({
    ...{ store, broker, groupId, reactions, evolution, logger, onFatal },
    consumer: service,
    topics: [...publishers.keys()],
    ...(cachedStates === undefined ? {} : { cachedStates }),
    async requestRewind(topic: string, partition: number, place: Place) {
      const publisherUrl = publishers.get(topic);
      if (publisherUrl === undefined) throw new Error(`${topic} is not subscribed to`);
      await askForRewind(publisherUrl, { topic, partition, place });
    },
  });
}
