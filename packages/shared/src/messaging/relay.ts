// The relay: one leader per schema reads the event log in order and publishes it, resending until Kafka has it.
import { randomUUID } from 'node:crypto';
import type { DomainEvent } from '../eventstore/decider.ts';
import type { EventStore } from '../eventstore/eventStore.ts';
import { AppError } from '../runtime/appError.ts';
import type { Logger } from '../runtime/logger.ts';
import { START, type Place } from './chain.ts';
import { createRelaySender } from './relaySender.ts';
import { advanceCursors, toSendBatches, type ToMessages } from './relayBatch.ts';
import { logBehindCursors } from './relayHead.ts';
import { LEASE_TTL_MS, type Leadership, type RelayPositions } from './relayPositions.ts';
import { backOff, createSignal } from './signal.ts';
import type { EnsuredTopic } from './topic.ts';
import type { MessageBroker, Producer } from './transport.ts';

/** What a relay works with. */
export interface RelayDeps<Event extends DomainEvent> {
  readonly store: Pick<EventStore<Event>, 'readLog' | 'head' | 'onCommitted'>;
  readonly positions: RelayPositions;
  readonly broker: Pick<MessageBroker, 'createProducer'>;
  /** The service: the `source` of its messages. */
  readonly source: string;
  readonly topic: string;
  /** Sees to it that the topic exists; asked before each new producer, since a lost topic shows as a failed send. */
  readonly ensureTopic: () => Promise<EnsuredTopic>;
  /** The topic was lost and has just been made again: everything is sent once more. */
  readonly refillFirst?: boolean;
  readonly toMessages: ToMessages<Event>;
  readonly logger: Logger;
  /** Called once when the relay cannot go on: the log contradicts what was published, or a mapping throws. */
  readonly onFatal: (reason: string, error: unknown) => void;
}

/** A running relay. */
export interface Relay {
  start(): void;
  /** Ends the send under way or gives it up, stores the cursors, and gives the lease to whoever wants it. */
  stop(): Promise<void>;
  /** True while this process is the one that sends. */
  isLeader(): boolean;
  /** Has everything after `place` sent to a partition again, by whichever process leads. Resolves when it is recorded. */
  requestRewind(partition: number, place: Place): Promise<void>;
}

const READ_LIMIT = 500;
const SAVE_INTERVAL_MS = 1_000;
/** Commits of this process wake the leader at once; those of other replicas are seen by asking. */
const POLL_BUSY_MS = 25;
const POLL_IDLE_MS = 100;
const IDLE_AFTER_POLLS = 40;
const RETRY_FIRST_MS = 100;
const RETRY_MOST_MS = 2_000;

/** Makes a service's relay; `start` lets it run. */
export function createRelay<Event extends DomainEvent>(deps: RelayDeps<Event>): Relay {
  const { store, positions, source, topic, toMessages, logger, onFatal } = deps;
  const owner = `${source}-${randomUUID()}`;
  /** Rung by commits and rewinds: there is something to send. */
  const signal = createSignal();
  /** Rung by `stop` alone: whoever does not lead must not ask for the lease at every commit. */
  const standby = createSignal();
  const sender = createRelaySender(createProducer, topic, logger);
  let leadership: Leadership | undefined;
  let incarnation = 0;
  /** Somebody has raised the epoch, or may have: what is in memory must be read again before anything is sent. */
  let stale = false;
  let leaseEndsAt = 0;
  let refillDue = deps.refillFirst ?? false;
  let stopping = false;
  let done: Promise<void> = Promise.resolve();

  async function createProducer(): Promise<Producer> {
    if ((await deps.ensureTopic()).refill) {
      await refill();
      throw new AppError('topic_refilled', `${topic} is sent again from its beginning`, {
        retryable: true,
      });
    }
    return deps.broker.createProducer();
  }

  /**
   * Everything again, for all partitions: the topic was empty. Consumers notice a loss by themselves, except one that
   * has handled nothing yet: to it an empty topic looks like a new one.
   */
  async function refill(): Promise<void> {
    const { incarnation: now } = await store.head();
    for (const { partition } of leadership?.cursors ?? []) {
      await positions.rewind(partition, START, now);
    }
    refillDue = false;
    stale = true;
  }

  /** Takes over what the table says. The lease is counted from before the question, so never longer than the table's. */
  async function adopt(ask: () => Promise<Leadership | undefined>): Promise<boolean> {
    const askedAt = performance.now();
    stale = false;
    const given = await ask();
    leadership = given;
    if (given === undefined) return false;
    // The head is read after the cursors: in a log that is whole it cannot be behind them.
    const head = await store.head();
    const behind = logBehindCursors(topic, head, given.cursors);
    if (behind.kind === 'lost') throw behind.error;
    if (behind.kind === 'rescan') leadership = { ...given, cursors: behind.cursors };
    incarnation = head.incarnation;
    leaseEndsAt = askedAt + LEASE_TTL_MS;
    return true;
  }

  /** Stores the cursors and renews the lease; runs beside a send, so that a slow broker does not cost the lease. */
  async function save(): Promise<void> {
    const mine = leadership;
    if (mine === undefined) return;
    const askedAt = performance.now();
    const saved = await positions.save(owner, mine);
    if (saved) leaseEndsAt = askedAt + LEASE_TTL_MS;
    // Zero rows: a rewind or another owner. If the epoch was already taken over meanwhile, the answer is an old one.
    if (
      (!saved && leadership?.epoch === mine.epoch) ||
      (await store.head()).incarnation !== incarnation
    ) {
      stale = true;
      signal.ring();
    }
  }

  async function saveRegularly(ended: AbortSignal): Promise<void> {
    const tick = createSignal();
    ended.addEventListener('abort', () => tick.ring());
    for (;;) {
      await tick.wait(SAVE_INTERVAL_MS);
      if (ended.aborted) return;
      // The database is away: the loop below sees its lease run out, stops sending, and asks again.
      await save().catch((error: unknown) => logger.warn({ err: error }, 'relay cannot save'));
    }
  }

  const mayNotSend = (): boolean => stopping || stale || performance.now() > leaseEndsAt;

  /** Publishes what stands behind the cursors; true if there was something. */
  async function publishOnce(mine: Leadership): Promise<boolean> {
    const from = Math.min(...mine.cursors.map(({ scannedPosition }) => scannedPosition));
    const events = await store.readLog(from, READ_LIMIT);
    for (const batch of toSendBatches(events, { source, toMessages, cursors: mine.cursors })) {
      // Two senders are harmless, since the chain shows a repeat, but useless: checked before each send, by a clock
      // that cannot be set.
      if (mayNotSend() || !(await sender.send(batch.records, mayNotSend))) break;
      if (leadership?.epoch !== mine.epoch) break;
      leadership = { ...leadership, cursors: advanceCursors(leadership.cursors, batch) };
    }
    return events.length > 0;
  }

  /** Leads until the lease is lost or the relay stops. */
  async function lead(): Promise<void> {
    logger.info({ topic, epoch: leadership?.epoch }, 'this process publishes');
    if (refillDue) await refill();
    const ended = new AbortController();
    const saving = saveRegularly(ended.signal);
    try {
      let idlePolls = 0;
      while (!stopping) {
        if (mayNotSend() && !(await adopt(() => positions.reload(owner)))) return;
        if (leadership === undefined) return;
        if (await publishOnce(leadership)) idlePolls = 0;
        else {
          await signal.wait(idlePolls < IDLE_AFTER_POLLS ? POLL_BUSY_MS : POLL_IDLE_MS);
          idlePolls += 1;
        }
      }
    } finally {
      ended.abort();
      await saving;
    }
  }

  async function run(): Promise<void> {
    let failures = 0;
    while (!stopping) {
      try {
        if (await adopt(() => positions.acquire(owner))) await lead();
        else await standby.wait(SAVE_INTERVAL_MS);
        failures = 0;
      } catch (error) {
        // A bug in the mapping or a log that was put back would fail in the same way again; the rest is outside.
        if (!(error instanceof AppError && error.retryable)) {
          onFatal(`the relay of ${topic} cannot go on`, error);
          return;
        }
        failures += 1;
        logger.warn({ err: error, failures }, 'the relay waits for the database');
        await standby.wait(backOff(failures, RETRY_FIRST_MS, RETRY_MOST_MS));
      }
    }
  }

  function noteUnreleased(error: unknown): void {
    logger.warn({ err: error }, 'the lease runs out by itself, what was sent last is sent again');
  }

  const stopListening = store.onCommitted(() => signal.ring());
  return {
    start() {
      done = run();
    },
    async stop() {
      stopping = true;
      stopListening();
      signal.ring();
      standby.ring();
      sender.wake();
      await done;
      if (leadership !== undefined)
        await positions.release(owner, leadership).catch(noteUnreleased);
      leadership = undefined;
      await sender.close();
    },
    isLeader: () => leadership !== undefined && performance.now() <= leaseEndsAt,
    async requestRewind(partition, place) {
      await positions.rewind(partition, place, (await store.head()).incarnation);
      logger.warn(
        { topic, partition, place },
        'rewind: everything behind this place is sent again',
      );
      // If this process leads, it need not wait for its next save to find out.
      stale = true;
      signal.ring();
      sender.wake();
    },
  };
}
