// A service's consumer: one group member for all its topics, whose place is its own cursor in MySQL.
import type { DomainEvent } from '../eventstore/decider.ts';
import type { EventStore } from '../eventstore/eventStore.ts';
import { AppError } from '../runtime/appError.ts';
import type { Logger } from '../runtime/logger.ts';
import { Assignment } from './assignment.ts';
import { BatchLoop } from './batchLoop.ts';
import type { Place } from './chain.ts';
import { GapWatch } from './gapWatch.ts';
import { GroupJoin } from './joinGroup.ts';
import type { Evolution } from './loadStates.ts';
import { loadPartitions } from './loadPartitions.ts';
import { createMutex, type Exclusive } from './mutex.ts';
import { isAheadOfStore, type PartitionState } from './partitionState.ts';
import { createParkedKeys } from './parkedKeys.ts';
import { createPoisonMeter } from './poisonMeter.ts';
import type { Reactions } from './reaction.ts';
import { createRedriver, type Redriver } from './redrive.ts';
import { BatchSettler, type Settler } from './settle.ts';
import { TooMuchPoisonError } from './settleFailure.ts';
import { repeat } from './signal.ts';
import { createSnapshotWriter, type SnapshotWriter } from './snapshotWriter.ts';
import { createFedCache } from './stateCache.ts';
import { StepWatch } from './stepWatch.ts';
import { NO_PROGRESS_MS, TailCheck } from './tailCheck.ts';
import type { GroupConnection, GroupMember, MessageBroker } from './transport.ts';

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
  /** What states kept between batches may take; 64 MiB if it is left out. */
  readonly cacheBytes?: number;
  readonly logger: Logger;
  /** Called once when the process must end and be started again: kafkajs has given up, or stands still. */
  readonly onFatal: (reason: string, error: unknown) => void;
  /** Milliseconds of a clock that only goes forward; left out except in tests. */
  readonly now?: () => number;
}

const TICK_MS = 1_000;
const FLUSH_MS = 2_000;
const CHECK_MS = 5_000;
const SNAPSHOT_MS = 1_000;

/** A service's consumer; `start` lets it run. */
export class MessageConsumer<State, Event extends DomainEvent, Fact extends DomainEvent> {
  readonly #deps: ConsumerDeps<State, Event, Fact>;
  readonly #exclusive: Exclusive;
  readonly #watch: StepWatch;
  readonly #ended = new AbortController();
  readonly #connection: GroupConnection;
  readonly #assignment: Assignment;
  readonly #gaps: GapWatch;
  readonly #settler: Settler;
  readonly #loop: BatchLoop;
  readonly #check: TailCheck;
  readonly #join: GroupJoin;
  readonly #redriver: Redriver;
  readonly #snapshots: SnapshotWriter;
  #notReady: string | undefined = 'the consumer group is not joined yet';

  constructor(deps: ConsumerDeps<State, Event, Fact>) {
    const { consumer, groupId, topics, broker, logger, requestRewind } = deps;
    const now = deps.now ?? ((): number => performance.now());
    this.#deps = deps;
    this.#watch = new StepWatch(now);
    const store = this.#watch.watchAnswers(deps.store);
    const exclusive = this.#watch.watchSteps(createMutex());
    this.#exclusive = exclusive;
    const cache = createFedCache(deps.store, deps.evolution, deps.cacheBytes);
    this.#snapshots = createSnapshotWriter({ ...deps, cache });
    const parked = createParkedKeys();
    const isCurrent = (state: PartitionState): boolean => this.#assignment.isCurrent(state);
    const onError = this.#onError;
    const gaps = new GapWatch({ requestRewind, logger, now, isCurrent });
    const connection = broker.createGroupConnection({ groupId, topics }, this.#member());
    const forget = (): void => {
      cache.clear();
    };
    const partitions = { consumer, store, broker, connection, gaps, parked, forget };
    this.#gaps = gaps;
    this.#connection = connection;
    this.#assignment = new Assignment({
      exclusive,
      pause: (states) => {
        connection.pause(states);
      },
      load: (states, isStillCurrent) => loadPartitions(partitions, states, isStillCurrent),
      forget,
      renew: () => {
        forget();
        gaps.reset();
        parked.renew();
      },
      onBug: onError,
      logger,
    });
    const deciding = { ...deps, store, cache, parked, now: Date.now };
    const poison = createPoisonMeter(now);
    this.#settler = new BatchSettler<State, Event, Fact>({ ...deciding, gaps, poison });
    const [assignment, settler] = [this.#assignment, this.#settler];
    this.#redriver = createRedriver<State, Event, Fact>({ ...deciding, assignment, exclusive });
    this.#loop = new BatchLoop({ assignment, settler, exclusive, onError });
    const onWaiting = (reason: string): void => {
      this.#notReady = reason;
    };
    const ended = this.#ended.signal;
    this.#join = new GroupJoin({ topics, broker, connection, logger, ended, onWaiting });
    this.#check = new TailCheck({ broker, connection, gaps, logger, exclusive, now, isCurrent });
  }

  /** Starts it; it waits for brokers and topics in the background. */
  start(): void {
    this.#join
      .join()
      .then(() => this.#tend())
      .catch(this.#onError);
  }

  /**
   * Ends the batch under way, stores cursors and offsets, and leaves the group. Does not wait for questions to Kafka
   * that are under way: a broker that is silent must not take the time that the cursors need.
   */
  async stop(): Promise<void> {
    const hadFailed = this.#isStopped;
    this.#ended.abort();
    this.#notReady = 'the consumer is stopping';
    await this.#loop.stop();
    if (!hadFailed)
      await this.#flush().catch((error: unknown) => {
        this.#deps.logger.warn({ err: error }, 'cursors not stored: some messages are read again');
      });
    this.#assignment.end();
    await this.#connection.stop();
  }

  /** Throws, with the reason, unless the group is joined and, once, all cursors of an assignment have been read. */
  requireReady(): void {
    const isLoading = !this.#assignment.hasLoaded();
    const reason = this.#notReady ?? (isLoading ? 'the cursors are not read yet' : undefined);
    if (reason !== undefined) throw new AppError('consumer_not_ready', reason, { retryable: true });
  }

  get #isStopped(): boolean {
    return this.#ended.signal.aborted;
  }

  #member(): GroupMember {
    const { logger } = this.#deps;
    return {
      onAssigned: (partitions) => {
        if (this.#isStopped) return;
        this.#assignment.replace(partitions);
        this.#notReady = undefined;
        this.#join.noteJoined();
      },
      onBatch: (batch) => this.#loop.handle(batch),
      onCrash: (error, restarts) => {
        if (this.#isStopped) return;
        const reason = error instanceof AppError ? `: ${error.message}` : '';
        this.#notReady = `the connection to the consumer group has ended${reason}`;
        if (restarts) logger.warn({ err: error }, 'the consumer joins its group again');
        else if (error instanceof AppError && error.retryable)
          this.#join.joinAgain(error).catch(this.#onError);
        else this.#end('the consumer has crashed', error, true);
      },
    };
  }

  /** What is done beside the batches, each by itself: a flush that waits for a step must not hold up the watch. */
  async #tend(): Promise<void> {
    const ended = this.#ended.signal;
    await Promise.all([
      repeat(ended, TICK_MS, () => {
        this.#gaps.tick();
        this.#watch.requireAnswers();
      }),
      repeat(ended, FLUSH_MS, () => this.#flush()),
      repeat(ended, CHECK_MS, () => this.#requireProgress()),
      repeat(ended, SNAPSHOT_MS, () => this.#snapshots.write()),
      repeat(ended, TICK_MS, () => this.#redriver.tick()),
    ]);
  }

  /** Stores how far the partitions are whose messages led to no commit, and tells Kafka, for lag tools. */
  async #flush(): Promise<void> {
    const reading = () => this.#assignment.all().filter(({ phase }) => phase === 'reading');
    await this.#exclusive(async () => {
      const ahead = reading().filter(isAheadOfStore);
      if (ahead.length === 0) return;
      const moves = ahead.map((state) => ({ state, records: [] }));
      this.#assignment.setAside(await this.#settler.settle(moves, true));
    });
    const offsets = reading().map(({ topic, partition, nextOffset }) => {
      return { topic, partition, offset: nextOffset };
    });
    // Not waited for: kafkajs tries for seconds, and nobody here needs it.
    void this.#connection.commitOffsets(offsets).catch((error: unknown) => {
      this.#deps.logger.debug({ err: error }, 'offsets not told to Kafka');
    });
  }

  async #requireProgress(): Promise<void> {
    const stuck = await this.#check.run(this.#assignment.all());
    if (stuck.length === 0 || this.#isStopped) return;
    const reason = `no progress for ${NO_PROGRESS_MS} ms, though messages wait in ${stuck.join(', ')}`;
    this.#end(reason, new Error(reason), true);
  }

  readonly #onError = (error: unknown): void => {
    // Too much poison does not end the process: it would be started again, and park some more each time. It stays,
    // not ready, until somebody has looked.
    if (error instanceof TooMuchPoisonError) this.#end(error.message, error, false);
    else this.#end('the consumer has failed', error, true);
  };

  #end(reason: string, error: unknown, isFatal: boolean): void {
    const { logger, onFatal } = this.#deps;
    if (this.#isStopped) {
      // It ends already; but a bug that shows in its last batch is one all the same.
      logger.error({ err: error }, `${reason}, while it stops`);
      return;
    }
    this.#ended.abort();
    this.#notReady = `stopped: ${reason}`;
    logger.fatal({ err: error }, reason);
    void this.#loop.stop();
    this.#assignment.end();
    // Not waited for: this may run inside a handler, which stopping waits for.
    void this.#connection.stop().catch((cause: unknown) => {
      logger.warn({ err: cause }, 'the consumer cannot leave its group');
    });
    if (isFatal) onFatal(reason, error);
  }
}
