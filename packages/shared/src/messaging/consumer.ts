// A service's consumer: one group member for all its topics, whose place is its own cursor in MySQL.
import type { DomainEvent } from '../eventstore/decider.ts';
import type { EventStore } from '../eventstore/eventStore.ts';
import { AppError } from '../runtime/appError.ts';
import type { Logger } from '../runtime/logger.ts';
import { createAssignment } from './assignment.ts';
import { createBatchLoop } from './batchLoop.ts';
import type { Place } from './chain.ts';
import { createGapWatch } from './gapWatch.ts';
import { loadPartitions } from './loadPartitions.ts';
import { createMutex } from './mutex.ts';
import { isAheadOfStore, type PartitionState } from './partitionState.ts';
import { createPoisonMeter } from './poisonMeter.ts';
import type { Reactions } from './reaction.ts';
import { createSettler, TooMuchPoisonError } from './settle.ts';
import { backOff, createSignal } from './signal.ts';
import { createStateCache, type Evolution } from './stateCache.ts';
import { createTailCheck, NO_PROGRESS_MS } from './tailCheck.ts';
import type { GroupConnection, MessageBroker } from './transport.ts';

/** What a consumer works with. */
export interface ConsumerDeps<State, Event extends DomainEvent, Fact extends DomainEvent> {
  /** Its name in `consumer_cursors`: never changed, or everything is handled again. */
  readonly consumer: string;
  readonly groupId: string;
  /** Topics with their prefix. */
  readonly topics: readonly string[];
  readonly store: EventStore<Event, Fact>;
  readonly broker: MessageBroker;
  readonly reactions: Reactions<State, Event, Fact>;
  readonly evolution: Evolution<State, Event>;
  /** Asks the topic's publisher to send everything behind a place again. */
  readonly requestRewind: (topic: string, partition: number, place: Place) => Promise<void>;
  /** States kept between batches; at about 1 KiB each the default is 64 MiB. 0 for streams that are seldom met again. */
  readonly cachedStates?: number;
  readonly logger: Logger;
  /** Called once when the process must end and be started again: kafkajs has given up, or stands still. */
  readonly onFatal: (reason: string, error: unknown) => void;
}

/** A running consumer. */
export interface MessageConsumer {
  /** Starts it; it waits for brokers and topics in the background. */
  start(): void;
  /** Ends the batch under way, stores cursors and offsets, and leaves the group. */
  stop(): Promise<void>;
  /** Throws, with the reason, unless the group is joined. */
  requireReady(): void;
}

const DEFAULT_CACHED_STATES = 65_536;
const TICK_MS = 1_000;
/** In ticks. */
const FLUSH_EVERY = 2;
const CHECK_EVERY = 5;
const CONNECT_FIRST_MS = 250;
const CONNECT_MOST_MS = 2_000;

/** Makes a service's consumer; `start` lets it run. */
export function createConsumer<State, Event extends DomainEvent, Fact extends DomainEvent>(
  deps: ConsumerDeps<State, Event, Fact>,
): MessageConsumer {
  const { consumer, topics, store, broker, logger } = deps;
  const clock = (): number => performance.now();
  const exclusive = createMutex();
  const bell = createSignal();
  const cache = createStateCache<State>(deps.cachedStates ?? DEFAULT_CACHED_STATES);
  const parkedKeys = new Set<string>();
  const isCurrent = (state: PartitionState): boolean => assignment.find(state) === state;
  const gaps = createGapWatch({
    ...{ requestRewind: deps.requestRewind, logger, now: clock, isCurrent },
  });
  const poison = createPoisonMeter(clock);
  const settler = createSettler<State, Event, Fact>({
    ...{ consumer, store, cache, gaps, poison, parkedKeys, logger },
    ...{ reactions: deps.reactions, evolution: deps.evolution, now: Date.now },
  });
  let notReady: string | undefined = 'the consumer group is not joined yet';
  let stopped = false;
  let tending: Promise<void> = Promise.resolve();

  const connection: GroupConnection = broker.createGroupConnection(
    { groupId: deps.groupId, topics },
    {
      onAssigned(partitions) {
        if (stopped) return;
        assignment.replace(partitions);
        notReady = undefined;
      },
      onBatch: (batch) => loop.handle(batch),
      onCrash(error, restarts) {
        notReady = 'the connection to the consumer group has ended';
        if (restarts) logger.warn({ err: error }, 'the consumer joins its group again');
        else end('the consumer has crashed', error, true);
      },
    },
  );
  const assignment = createAssignment({
    exclusive,
    pause: (states) => connection.pause(states),
    load(states, isCurrent) {
      cache.clear();
      return loadPartitions(
        { consumer, store, broker, connection, gaps, parkedKeys },
        states,
        isCurrent,
      );
    },
    forget() {
      cache.clear();
      gaps.reset();
      parkedKeys.clear();
    },
    onBug: onError,
    logger,
  });
  const loop = createBatchLoop({ assignment, settler, exclusive, onError });
  const check = createTailCheck({
    ...{ broker, connection, gaps, logger, exclusive, now: clock, isCurrent },
  });

  function onError(error: unknown): void {
    // Too much poison does not end the process: it would be started again, and park some more each time. It stays,
    // not ready, until somebody has looked.
    if (error instanceof TooMuchPoisonError) end(error.message, error, false);
    else end('the consumer has failed', error, true);
  }

  function end(reason: string, error: unknown, isFatal: boolean): void {
    if (stopped) return;
    stopped = true;
    notReady = `stopped: ${reason}`;
    logger.fatal({ err: error }, reason);
    void loop.stop();
    assignment.end();
    bell.ring();
    // Not waited for: this may run inside a handler, which stopping waits for.
    void connection.stop().catch((cause: unknown) => logger.warn({ err: cause }, 'cannot leave'));
    if (isFatal) deps.onFatal(reason, error);
  }

  /** Stores how far the partitions are whose messages led to no commit, and tells Kafka, for lag tools. */
  async function flush(): Promise<void> {
    await exclusive(async () => {
      const ahead = assignment
        .all()
        .filter((state) => state.phase === 'reading' && isAheadOfStore(state))
        .map((state) => ({ state, records: [] }));
      if (ahead.length > 0) assignment.setAside(await settler.settle(ahead, true));
    });
    const offsets = assignment.all().filter((state) => state.phase === 'reading');
    await connection
      .commitOffsets(
        offsets.map(({ topic, partition, nextOffset }) => ({
          topic,
          partition,
          offset: nextOffset,
        })),
      )
      .catch((error: unknown) => logger.debug({ err: error }, 'offsets not told to Kafka'));
  }

  async function tend(): Promise<void> {
    for (let tick = 1; !stopped; tick += 1) {
      await bell.wait(TICK_MS);
      if (stopped) return;
      gaps.tick();
      if (tick % FLUSH_EVERY === 0) await flush();
      if (tick % CHECK_EVERY === 0) await requireProgress(assignment.all());
    }
  }

  async function requireProgress(states: readonly PartitionState[]): Promise<void> {
    const stuck = await check.run(states);
    if (stuck.length === 0) return;
    const reason = `no progress for ${NO_PROGRESS_MS} ms, though messages wait in ${stuck.join(', ')}`;
    end(reason, new Error(reason), true);
  }

  /** Joins the group when the brokers answer and all topics are there; their owners make them. */
  async function connect(): Promise<void> {
    for (let failures = 1; !stopped; failures += 1) {
      try {
        const counts = await Promise.all(topics.map((topic) => broker.partitionCount(topic)));
        const missing = topics.filter((_, index) => counts[index] === undefined);
        if (missing.length === 0) return await connection.start();
        notReady = `these topics are not made yet: ${missing.join(', ')}`;
        logger.info({ missing }, 'waiting for topics of other services');
      } catch (error) {
        notReady = 'Kafka does not answer';
        logger.warn({ err: error, failures }, 'the consumer cannot connect yet');
      }
      await bell.wait(backOff(failures, CONNECT_FIRST_MS, CONNECT_MOST_MS));
    }
  }

  return {
    start() {
      tending = connect().then(tend).catch(onError);
    },
    async stop() {
      const wasStopped = stopped;
      stopped = true;
      notReady = 'the consumer is stopping';
      bell.ring();
      await loop.stop();
      await tending;
      if (!wasStopped)
        await flush().catch((error: unknown) =>
          logger.warn({ err: error }, 'cursors not stored: some messages are read again'),
        );
      assignment.end();
      await connection.stop();
    },
    requireReady() {
      if (notReady !== undefined)
        throw new AppError('consumer_not_ready', notReady, { retryable: true });
    },
  };
}
