// What no message would show: a topic that was wiped while nobody publishes, and a consumer that stands still.
import { AppError } from '../runtime/appError.ts';
import type { Logger } from '../runtime/logger.ts';
import type { GapWatch } from './gapWatch.ts';
import type { Exclusive } from './mutex.ts';
import { partitionName, type PartitionState } from './partitionState.ts';
import { findLoss } from './startOffset.ts';
import type { GroupConnection, MessageBroker, PartitionOffsets } from './transport.ts';

/** Lag without progress for so long ends the process: kafkajs has been seen to stall without a word (kafkajs#659, #1545). */
export const NO_PROGRESS_MS = 30_000;

/** What the check needs. `now` in milliseconds, of a clock that only goes forward. */
export interface TailCheckDeps {
  readonly broker: Pick<MessageBroker, 'readOffsets'>;
  readonly connection: Pick<GroupConnection, 'seek'>;
  readonly gaps: GapWatch;
  readonly logger: Logger;
  readonly now: () => number;
  readonly exclusive: Exclusive;
  /** False when the state belongs to an assignment that is over. */
  readonly isCurrent: (state: PartitionState) => boolean;
}

/**
 * Where a partition that lags stands still, for how long by now, and when that was looked at last. The time is summed
 * up from look to look: while Kafka does not answer nobody can make progress, so that time is left out, but what was
 * counted before stays. Were it forgotten, one unanswered question in 30 s would hide a consumer that never moves.
 */
interface Standstill {
  readonly offset: bigint;
  stoodMs: number;
  lookedAt: number;
}

/** The check; to be run every few seconds, one call at a time. */
export class TailCheck {
  readonly #deps: TailCheckDeps;
  readonly #standing = new WeakMap<PartitionState, Standstill>();

  constructor(deps: TailCheckDeps) {
    this.#deps = deps;
  }

  /** Compares the partitions with Kafka. Gives those that have not moved for too long, though they could. */
  async run(states: readonly PartitionState[]): Promise<readonly string[]> {
    const stuck: string[] = [];
    for (const [topic, those] of Map.groupBy(states, (state) => state.topic)) {
      try {
        stuck.push(...(await this.#checkTopic(topic, those)));
      } catch (error) {
        if (!(error instanceof AppError && error.retryable)) throw error;
        this.#leaveOut(those);
        this.#deps.logger.warn({ err: error, topic }, 'cannot compare with Kafka now');
      }
    }
    return stuck;
  }

  async #checkTopic(topic: string, states: readonly PartitionState[]): Promise<string[]> {
    const before = new Map(states.map((state) => [state, state.readOffset]));
    const offsets = await this.#deps.broker.readOffsets(topic);
    // A missing topic is its owner's to make again; then it is empty, and that shows.
    if (offsets === undefined) return [];
    const stuck: string[] = [];
    for (const [state, position] of before) {
      const available = offsets.get(state.partition);
      if (available === undefined) continue;
      if (state.phase === 'reading' && findLoss(position, available) !== undefined) {
        await this.#deps.exclusive(() => {
          this.#seekAfterLoss(state, position, available);
        });
      }
      if (this.#isStuck(state, available.high)) stuck.push(partitionName(state));
    }
    return stuck;
  }

  #seekAfterLoss(state: PartitionState, before: bigint, offsets: PartitionOffsets): void {
    if (!this.#deps.isCurrent(state) || state.phase !== 'reading') return;
    // The end is compared with where we were before it was asked for, the beginning with where we are now: messages
    // that came meanwhile are no loss.
    const position = offsets.high < before ? before : state.readOffset;
    const loss = findLoss(position, offsets);
    if (loss?.loss === undefined) return;
    this.#deps.gaps.noteLoss(state, loss.loss);
    state.readOffset = loss.offset;
    this.#deps.connection.seek(state, loss.offset);
  }

  #isStuck(state: PartitionState, high: bigint): boolean {
    const known = this.#standing.get(state);
    // A partition that waits (for the database, for a newer build) is late for a reason that is known and logged.
    if (state.phase !== 'reading' || high <= state.readOffset) {
      this.#standing.delete(state);
      return false;
    }
    const now = this.#deps.now();
    if (known?.offset !== state.readOffset) {
      this.#standing.set(state, { offset: state.readOffset, stoodMs: 0, lookedAt: now });
      return false;
    }
    known.stoodMs += now - known.lookedAt;
    known.lookedAt = now;
    return known.stoodMs >= NO_PROGRESS_MS;
  }

  /** The time since the last look does not count for these partitions. */
  #leaveOut(states: readonly PartitionState[]): void {
    for (const state of states) {
      const known = this.#standing.get(state);
      if (known !== undefined) known.lookedAt = this.#deps.now();
    }
  }
}
