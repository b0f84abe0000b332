// The relay: one leader per schema reads the event log in order and publishes it, resending until Kafka has it.
import { randomUUID } from 'node:crypto';
import type { DomainEvent } from '../eventstore/decider.ts';
import type { EventStore, RecordedEvent } from '../eventstore/eventStore.ts';
import { AppError } from '../runtime/appError.ts';
import { failpoint } from '../runtime/failpoints.ts';
import type { Logger } from '../runtime/logger.ts';
import { formatPlace, type Place } from './chain.ts';
import { RecentCommits } from './recentCommits.ts';
import { toSendBatches, type ToMessages } from './relayBatch.ts';
import { RelayLeadership } from './relayLeadership.ts';
import type { RelayPositions } from './relayPositions.ts';
import { RelaySender } from './relaySender.ts';
import { backOff, createSignal } from './signal.ts';
import type { MessageBroker, Producer } from './transport.ts';

/** What a relay works with. */
export interface RelayDeps<Event extends DomainEvent> {
  readonly store: Pick<EventStore<Event>, 'readLog' | 'head' | 'onCommitted'>;
  readonly positions: RelayPositions;
  readonly broker: Pick<MessageBroker, 'createProducer'>;
  /** The service: the `source` of its messages. */
  readonly source: string;
  readonly topic: string;
  /**
   * Sees to it that the topic exists, and rewinds the positions when it was lost; asked before each new producer and
   * now and then: consumers notice a loss by themselves, except one that has handled nothing yet.
   */
  readonly ensureTopic: () => Promise<unknown>;
  readonly toMessages: ToMessages<Event>;
  /**
   * Whether somebody waits for what comes of the event: its message is sent at once. Others go out with it, or at the
   * next poll: a send of their own would cost the broker and the consumer as much. Left out: all are sent at once.
   */
  readonly isAwaited?: (event: Event) => boolean;
  readonly logger: Logger;
  /** Called once when the relay cannot go on: the log contradicts what was published, or a mapping throws. */
  readonly onFatal: (reason: string, error: unknown) => void;
}

const READ_LIMIT = 500;
const SAVE_INTERVAL_MS = 1_000;
const TOPIC_CHECK_INTERVAL_MS = 10_000;
/** Commits of this process are handed to the leader at once; those of other replicas are seen by asking. */
const POLL_BUSY_MS = 25;
const POLL_IDLE_MS = 100;
const IDLE_AFTER_POLLS = 40;
/** A table that had nothing more is not read again before; less than the time between two polls. */
const TABLE_REST_MS = 20;
/** Longer than others wait before they ask for the lease again. */
const LEAVE_MS = 2 * SAVE_INTERVAL_MS;
/** How long a send under way is waited for when the relay stops. */
const LAST_SEND_MS = 2_000;
const RETRY_FIRST_MS = 100;
/** So long orders may wait after the database is back; a look costs a query. */
const RETRY_MOST_MS = 500;

/** What a round of the relay found: nothing; all that there was for now; or more stands behind it. */
type Round = 'nothing' | 'some' | 'more';

/** A service's relay; `start` lets it run. */
export class Relay<Event extends DomainEvent> {
  readonly #deps: RelayDeps<Event>;
  readonly #leadership: RelayLeadership;
  readonly #sender: RelaySender;
  /** Rung by commits and rewinds: there is something to send. */
  readonly #news = createSignal();
  /** Rung by `stop` alone: whoever does not lead must not ask for the lease at every commit. */
  readonly #standby = createSignal();
  /** Of this process, while it leads. */
  readonly #recent = new RecentCommits<Event>();
  /** When the table was found to have nothing more. */
  #tableReadAt = -Infinity;
  #isStopping = false;
  #stopListening: () => void = () => undefined;
  #done: Promise<void> = Promise.resolve();

  constructor(deps: RelayDeps<Event>) {
    const { store, positions, topic, source, logger } = deps;
    this.#deps = deps;
    this.#leadership = new RelayLeadership({
      ...{ store, positions, topic },
      owner: `${source}-${randomUUID()}`,
    });
    this.#sender = new RelaySender(() => this.#createProducer(), topic, logger);
  }

  start(): void {
    const { isAwaited = () => true } = this.#deps;
    this.#stopListening = this.#deps.store.onCommitted((events) => {
      if (this.#leadership.isHeld()) this.#recent.add(events);
      if (events.some(({ event }) => isAwaited(event))) this.#news.ring();
    });
    this.#done = this.#run();
  }

  /** Ends the send under way or gives it up, stores the cursors, and gives the lease to whoever wants it. */
  async stop(): Promise<void> {
    this.#isStopping = true;
    this.#stopListening();
    this.#wake();
    this.#standby.ring();
    const timer = setTimeout(() => {
      this.#sender.giveUp();
    }, LAST_SEND_MS);
    await this.#done;
    clearTimeout(timer);
    await this.#leadership.release().catch((error: unknown) => {
      // It runs out by itself, and what was sent since the last save is sent again.
      this.#deps.logger.warn({ err: error }, 'the relay could not give its lease up');
    });
    await this.#sender.close();
  }

  /** True while this process is the one that sends. */
  isLeader(): boolean {
    return this.#leadership.isHeld();
  }

  /**
   * Has everything after `place` sent to a partition again, by whichever process leads; resolves when that is
   * recorded. Throws RangeError if there is no such partition.
   */
  async requestRewind(partition: number, place: Place): Promise<void> {
    const { positions, store, topic, logger } = this.#deps;
    await positions.rewind(partition, place, (await store.head()).incarnation);
    logger.warn({ topic, partition, place: formatPlace(place) }, 'rewind: sent again from here on');
    this.#leadership.markStale();
    this.#wake();
  }

  async #run(): Promise<void> {
    let failures = 0;
    while (!this.#isStopping) {
      try {
        if (await this.#leadership.acquire()) await this.#lead();
        else await this.#standby.wait(SAVE_INTERVAL_MS);
        failures = 0;
      } catch (error) {
        // A bug in the mapping or a log that was put back would fail in the same way again; the rest is outside.
        if (!(error instanceof AppError && error.retryable)) {
          this.#deps.onFatal(`the relay of ${this.#deps.topic} cannot go on`, error);
          return;
        }
        failures += 1;
        this.#deps.logger.warn({ err: error, failures }, 'the relay waits and tries again');
        if (error.code === 'newer_schema') await this.#leaveToNewer();
        await this.#standby.wait(backOff(failures, RETRY_FIRST_MS, RETRY_MOST_MS));
      }
    }
  }

  /** An event of a newer build: a replica that runs it can publish it, so the lease must be free while we wait. */
  async #leaveToNewer(): Promise<void> {
    await this.#leadership.release().catch((error: unknown) => {
      this.#deps.logger.warn({ err: error }, 'the relay could not give its lease up');
    });
    await this.#standby.wait(LEAVE_MS);
  }

  /** Leads until the lease is lost or the relay stops. */
  async #lead(): Promise<void> {
    const { topic, logger } = this.#deps;
    logger.info({ topic, epoch: this.#leadership.epoch }, 'this process publishes');
    const ended = new AbortController();
    // Beside the sending, so that a slow broker does not cost the lease.
    const saving = this.#repeat(ended.signal, SAVE_INTERVAL_MS, async () => {
      if (await this.#leadership.save()) this.#wake();
    });
    // Not waited for at the end, as saving is: a silent broker would hold up the stop.
    void this.#repeat(ended.signal, TOPIC_CHECK_INTERVAL_MS, async () => {
      await this.#deps.ensureTopic();
    });
    try {
      let idlePolls = 0;
      while (!this.#isStopping) {
        if (!this.#leadership.isHeld() && !(await this.#leadership.reload())) return;
        const round = await this.#publishOnce();
        if (round === 'more') continue;
        idlePolls = round === 'some' ? 0 : idlePolls + 1;
        await this.#news.wait(idlePolls < IDLE_AFTER_POLLS ? POLL_BUSY_MS : POLL_IDLE_MS);
      }
    } finally {
      ended.abort();
      await saving;
    }
  }

  /** Publishes what stands behind the cursors. */
  async #publishOnce(): Promise<Round> {
    const { source, toMessages } = this.#deps;
    const { cursors, epoch } = this.#leadership;
    if (epoch === undefined) return 'nothing';
    const from = Math.min(...cursors.map(({ scannedPosition }) => scannedPosition));
    const { events, round } = await this.#nextEvents(from);
    const mustStop = (): boolean => this.#isStopping || !this.#leadership.isHeld();
    for (const batch of toSendBatches(events, { source, toMessages, cursors })) {
      // Checked before each send: a second sender is harmless, since the chain shows a repeat, but useless.
      if (mustStop()) break;
      failpoint('relay.before-send');
      if (!(await this.#sender.send(batch.records, mustStop))) break;
      failpoint('relay.sent');
      this.#leadership.advance(epoch, batch);
    }
    return round;
  }

  /** What stands behind a position: out of memory if this process has just committed it, else from the table. */
  async #nextEvents(
    from: number,
  ): Promise<{ readonly events: readonly RecordedEvent<Event>[]; readonly round: Round }> {
    const recent = this.#recent.takeAfter(from, READ_LIMIT, this.#leadership.incarnation);
    if (recent.length > 0) {
      // Positions have no gaps: had another process committed before these, they would not be next.
      this.#tableReadAt = performance.now();
      return { events: recent, round: recent.length < READ_LIMIT ? 'some' : 'more' };
    }
    // Something is here, but not what comes next: the table has it. Nothing is here: it is looked at now and then.
    const isDue = performance.now() - this.#tableReadAt >= TABLE_REST_MS;
    if (this.#recent.isEmpty() && !isDue) return { events: [], round: 'nothing' };
    const events = await this.#deps.store.readLog(from, READ_LIMIT);
    this.#tableReadAt = events.length > 0 ? -Infinity : performance.now();
    return { events, round: events.length > 0 ? 'more' : 'nothing' };
  }

  async #createProducer(): Promise<Producer> {
    await this.#deps.ensureTopic();
    return this.#deps.broker.createProducer();
  }

  /** Does something regularly until `ended`. What fails is tried again; what it means shows where it is needed. */
  async #repeat(ended: AbortSignal, everyMs: number, act: () => Promise<void>): Promise<void> {
    const tick = createSignal();
    ended.addEventListener('abort', () => {
      tick.ring();
    });
    for (;;) {
      await tick.wait(everyMs);
      if (ended.aborted) return;
      await act().catch((error: unknown) => {
        this.#deps.logger.warn({ err: error }, 'the relay cannot reach its books or its topic now');
      });
    }
  }

  #wake(): void {
    this.#news.ring();
    this.#sender.wake();
  }
}
