// The partitions that the group has given to this process, from one join to the next.
import { AppError } from '../runtime/appError.ts';
import type { Logger } from '../runtime/logger.ts';
import type { Exclusive } from './mutex.ts';
import { assignedPartition, partitionName, type PartitionState } from './partitionState.ts';
import type { Outcome } from './settle.ts';
import { backOff } from './signal.ts';
import type { TopicPartition } from './transport.ts';

const WAIT_FIRST_MS = 200;
/** So long orders may wait after the database is back. A look costs a few queries, and a connection to the broker. */
const WAIT_MOST_MS = 1_000;
/** No look helps where a newer build is waited for: it comes with another process. */
const WAIT_FOR_NEWER_MOST_MS = 5_000;
/** A partition whose cursor another one has moved is looked at again after this, if the group leaves it to us. */
const LOST_FIRST_MS = 1_000;
const LOST_MOST_MS = 10_000;

/** What an assignment needs. */
export interface AssignmentDeps {
  readonly exclusive: Exclusive;
  /** Reads cursors, seeks, and resumes; throws retryable AppErrors. */
  readonly load: (states: readonly PartitionState[], isCurrent: () => boolean) => Promise<void>;
  readonly pause: (states: readonly TopicPartition[]) => void;
  /** Called at each join, at once: states that a step has read may be another's by now, and must not be kept. */
  readonly forget: () => void;
  /**
   * Called as a step of its own before an assignment is loaded for the first time. Not at the join itself: a step under
   * way may still decide by what is dropped here (which keys are parked, which gaps are open), and decide again after a
   * lost race; without it, it would handle a message behind a parked one, or forget a gap.
   */
  readonly renew: () => void;
  readonly onBug: (error: unknown) => void;
  readonly logger: Logger;
}

/** The assigned partitions; empty until the first join. */
export class Assignment {
  readonly #deps: AssignmentDeps;
  readonly #timers = new Set<NodeJS.Timeout>();
  #states = new Map<string, PartitionState>();
  /** Those of which no cursor was read yet. */
  #unread = new Set<PartitionState>();
  #hasLoaded = false;

  constructor(deps: AssignmentDeps) {
    this.#deps = deps;
  }

  /** Takes over a new assignment, at once: nothing of it is handled before its cursors were read. */
  replace(partitions: readonly TopicPartition[]): void {
    this.end();
    this.#deps.forget();
    this.#states = new Map(partitions.map((at) => [partitionName(at), assignedPartition(at)]));
    this.#unread = new Set(this.#states.values());
    this.#deps.logger.info({ partitions: [...this.#states.keys()] }, 'partitions assigned');
    this.#deps.pause(partitions);
    this.#bringBack(this.all(), this.#deps.renew);
  }

  find(at: TopicPartition): PartitionState | undefined {
    return this.#states.get(partitionName(at));
  }

  all(): readonly PartitionState[] {
    return [...this.#states.values()];
  }

  /** False when the state belongs to an assignment that is over. */
  isCurrent(state: PartitionState): boolean {
    return this.find(state) === state;
  }

  /**
   * True once all partitions of one assignment were brought to where they are read from. It stays so: a later join, as
   * each other replica that starts or stops brings one, is over in a moment, and must not make this one unready.
   */
  hasLoaded(): boolean {
    return this.#hasLoaded;
  }

  /** Pauses what could not be settled, and brings it back by a timer. */
  setAside({ lost, stalled }: Outcome): void {
    // A batch may end after the next join: its states are nobody's then.
    this.#giveUp(lost.filter((state) => this.isCurrent(state)));
    const waiting = stalled.filter(({ state }) => this.isCurrent(state));
    for (const [error, those] of Map.groupBy(waiting, (entry) => entry.error)) {
      this.#wait(
        those.map(({ state }) => state),
        error,
      );
    }
  }

  /** Ends it without another: nothing comes back any more. */
  end(): void {
    for (const timer of this.#timers) clearTimeout(timer);
    this.#timers.clear();
    this.#states = new Map();
  }

  #giveUp(those: readonly PartitionState[]): void {
    if (those.length === 0) return;
    for (const state of those) {
      state.phase = 'lost';
      state.failures += 1;
    }
    this.#deps.logger.warn(
      { partitions: those.map(partitionName) },
      'another owner has moved the cursors: the partitions are left to it',
    );
    // The group may not know of the other one (it was slow, and is out of the group): then we go on from its place.
    this.#bringBackLater(those, backOff(mostFailures(those), LOST_FIRST_MS, LOST_MOST_MS));
  }

  #wait(those: readonly PartitionState[], error: unknown): void {
    for (const state of those) {
      state.phase = 'waiting';
      state.failures += 1;
    }
    const failures = mostFailures(those);
    const partitions = those.map(partitionName);
    this.#deps.logger.warn({ err: error, partitions, failures }, 'partitions wait and try again');
    this.#bringBackLater(those, backOff(failures, WAIT_FIRST_MS, waitMostMs(error)));
  }

  /** By a timer, not by a sleeping handler: kafkajs fetches nothing before all handlers of a fetch have returned. */
  #bringBackLater(those: readonly PartitionState[], delayMs: number): void {
    this.#deps.pause(those);
    const timer = setTimeout(() => {
      this.#timers.delete(timer);
      this.#bringBack(those);
    }, delayMs);
    this.#timers.add(timer);
  }

  #bringBack(those: readonly PartitionState[], prepare?: () => void): void {
    const mine = this.#states;
    const isCurrent = (): boolean => this.#states === mine;
    const load = async (): Promise<void> => {
      if (!isCurrent()) return;
      prepare?.();
      try {
        await this.#deps.load(those, isCurrent);
        if (isCurrent()) this.#noteRead(those);
      } catch (error) {
        if (!(error instanceof AppError && error.retryable)) throw error;
        if (isCurrent()) this.#wait(those, error);
      }
    };
    this.#deps.exclusive(load).catch(this.#deps.onBug);
  }

  #noteRead(those: readonly PartitionState[]): void {
    for (const state of those) this.#unread.delete(state);
    if (this.#unread.size === 0) this.#hasLoaded = true;
  }
}

function waitMostMs(error: unknown): number {
  const isForNewer = error instanceof AppError && error.code === 'newer_schema';
  return isForNewer ? WAIT_FOR_NEWER_MOST_MS : WAIT_MOST_MS;
}

function mostFailures(states: readonly PartitionState[]): number {
  return Math.max(...states.map(({ failures }) => failures));
}
