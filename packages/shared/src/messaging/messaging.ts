// A service's whole messaging: its topic, its relay, its consumer, started and stopped as one.
import type { Pool } from 'mysql2/promise';
import type { DomainEvent } from '../eventstore/decider.ts';
import type { EventStore } from '../eventstore/eventStore.ts';
import { AppError } from '../runtime/appError.ts';
import type { Logger } from '../runtime/logger.ts';
import type { Place } from './chain.ts';
import { MessageConsumer } from './consumer.ts';
import { MysqlRelayPositions } from './mysqlRelayPositions.ts';
import type { Reactions } from './reaction.ts';
import { Relay, type RelayDeps } from './relay.ts';
import { rewindToStart, type RelayPositions } from './relayPositions.ts';
import { askForRewind } from './rewind.ts';
import type { RewindTarget } from './rewindRoute.ts';
import { backOff, createSignal } from './signal.ts';
import type { Evolution } from './loadStates.ts';
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
  /** Asked for more than once: all that it gives for a topic share what they keep. */
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
  readonly cacheBytes?: number;
}

/** What a service's messaging is made of. */
export interface MessagingDeps<State, Event extends DomainEvent, Fact extends DomainEvent> {
  /** The service: the `source` of its messages, and the name of its consumer's cursors. */
  readonly service: string;
  readonly store: EventStore<Event, Fact>;
  readonly broker: MessageBroker;
  readonly books: MessagingBooks;
  readonly publishes: TopicSettings &
    Pick<RelayDeps<Event>, 'toMessages'> & {
      /** See RelayDeps. */
      readonly isAwaited?: RelayDeps<Event>['isAwaited'] | undefined;
    };
  /** Left out by a service that reads no topic. */
  readonly consumes?: Consumption<State, Event, Fact>;
  readonly logger: Logger;
  /** Called at most once per part when the process should end, to be started again. `ServiceContext.fail` fits. */
  readonly onFatal: (reason: string, error: unknown) => void;
  /** How publishers are asked to send again; over HTTP unless it is given. */
  readonly askForRewind?: typeof askForRewind;
}

const RETRY_FIRST_MS = 250;
const RETRY_MOST_MS = 2_000;

/** The books in the service's own schema. */
export function mysqlBooks(pool: Pool): MessagingBooks {
  return {
    topicRecords: createMysqlTopicRecords(pool),
    relayPositions: (topic, partitionCount) => new MysqlRelayPositions(pool, topic, partitionCount),
  };
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

/** Composes a service's messaging; nothing is connected before `start`. */
export function createMessaging<State, Event extends DomainEvent, Fact extends DomainEvent>(
  deps: MessagingDeps<State, Event, Fact>,
): Messaging {
  return new ServiceMessaging(deps);
}

class ServiceMessaging<
  State,
  Event extends DomainEvent,
  Fact extends DomainEvent,
> implements Messaging {
  readonly topic: string;
  readonly #deps: MessagingDeps<State, Event, Fact>;
  readonly #bell = createSignal();
  readonly #consumer: MessageConsumer<State, Event, Fact> | undefined;
  #relay: Relay<Event> | undefined;
  #notReady: string;
  #isStopping = false;

  constructor(deps: MessagingDeps<State, Event, Fact>) {
    const { publishes, consumes } = deps;
    this.#deps = deps;
    this.topic = publishes.topic;
    this.#consumer = consumes === undefined ? undefined : consumerOf(deps, consumes);
    this.#notReady = `topic ${publishes.topic} is not in place yet`;
  }

  start(): void {
    this.#startRelay().catch((error: unknown) => {
      if (this.#isStopping) return;
      this.#notReady = String(error);
      this.#deps.onFatal(`the topic ${this.topic} cannot be used`, error);
    });
    this.#consumer?.start();
  }

  async stop(): Promise<void> {
    this.#isStopping = true;
    this.#notReady = 'stopping';
    this.#bell.ring();
    await this.#consumer?.stop();
    // A start under way is not waited for: it may hang on a silent broker, and sees afterwards that it is too late.
    await this.#relay?.stop();
    this.#relay = undefined;
  }

  requireReady(): void {
    this.#requireRelay();
    this.#consumer?.requireReady();
  }

  async requestRewind(partition: number, place: Place): Promise<void> {
    await this.#requireRelay().requestRewind(partition, place);
  }

  #hasStopped(): boolean {
    return this.#isStopping;
  }

  #requireRelay(): Relay<Event> {
    if (this.#relay === undefined)
      throw new AppError('messaging_not_ready', this.#notReady, { retryable: true });
    return this.#relay;
  }

  #ensureTopic(): Promise<number> {
    const { store, broker, books, logger, publishes } = this.#deps;
    const rewindAll = async (partitionCount: number): Promise<void> => {
      const { incarnation } = await store.head();
      const positions = books.relayPositions(this.topic, partitionCount);
      await rewindToStart(positions, partitionCount, incarnation);
    };
    return ensureTopic({ broker, records: books.topicRecords, rewindAll, logger }, publishes);
  }

  async #startRelay(): Promise<void> {
    const { service, store, broker, books, publishes, logger, onFatal } = this.#deps;
    for (let failures = 1; !this.#isStopping; failures += 1) {
      try {
        const partitionCount = await this.#ensureTopic();
        if (this.#hasStopped()) return;
        this.#relay = new Relay({
          ...{ store, broker, logger, onFatal, topic: this.topic, source: service },
          positions: books.relayPositions(this.topic, partitionCount),
          toMessages: publishes.toMessages,
          ...(publishes.isAwaited === undefined ? {} : { isAwaited: publishes.isAwaited }),
          ensureTopic: () => this.#ensureTopic(),
        });
        this.#relay.start();
        return;
      } catch (error) {
        if (!(error instanceof AppError && error.retryable)) throw error;
        this.#notReady = `topic ${this.topic}: ${error.message}`;
        logger.warn({ err: error, failures }, 'the own topic cannot be reached yet');
      }
      await this.#bell.wait(backOff(failures, RETRY_FIRST_MS, RETRY_MOST_MS));
    }
  }
}

function consumerOf<State, Event extends DomainEvent, Fact extends DomainEvent>(
  deps: MessagingDeps<State, Event, Fact>,
  consumes: Consumption<State, Event, Fact>,
): MessageConsumer<State, Event, Fact> {
  const { service, store, broker, logger, onFatal } = deps;
  const ask = deps.askForRewind ?? askForRewind;
  const { groupId, subscriptions, reactions, evolution, cacheBytes } = consumes;
  const publishers = new Map(subscriptions.map((entry) => [entry.topic, entry.publisherUrl]));
  return new MessageConsumer<State, Event, Fact>({
    ...{ store, broker, groupId, reactions, evolution, logger, onFatal },
    consumer: service,
    topics: [...publishers.keys()],
    ...(cacheBytes === undefined ? {} : { cacheBytes }),
    async requestRewind(topic: string, partition: number, place: Place) {
      const publisherUrl = publishers.get(topic);
      if (publisherUrl === undefined) throw new Error(`${topic} is not subscribed to`);
      await ask(publisherUrl, { topic, partition, place });
    },
  });
}
