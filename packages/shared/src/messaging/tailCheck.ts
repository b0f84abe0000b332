// What no message would show: a topic that was wiped while nobody publishes, and a consumer that stands still.
import { AppError } from '../runtime/appError.ts';
import type { Logger } from '../runtime/logger.ts';
import type { GapWatch } from './gapWatch.ts';
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
  /** Runs a step while no batch is being settled. */
  readonly exclusive: (step: () => void) => Promise<void>;
  /** False when the state belongs to an assignment that is over. */
  readonly isCurrent: (state: PartitionState) => boolean;
}

/** The check; to be run every few seconds, one call at a time. */
export interface TailCheck {
  /** Compares the partitions with Kafka. Gives the partitions that have not moved for too long, though they could. */
  run(states: readonly PartitionState[]): Promise<readonly string[]>;
}

/** Makes the check. */
export function createTailCheck(deps: TailCheckDeps): TailCheck {
  const { broker, connection, gaps, logger, now, exclusive, isCurrent } = deps;
  /** Since when, and at which offset, a partition that lags has stood still. */
  const standing = new Map<string, { readonly offset: bigint; readonly since: number }>();

  function seekAfterLoss(state: PartitionState, before: bigint, offsets: PartitionOffsets): void {
    if (!isCurrent(state) || state.phase !== 'reading') return;
    // The end is compared with where we were before it was asked for, the beginning with where we are now: messages
    // that came meanwhile are no loss.
    const position = offsets.high < before ? before : state.readOffset;
    const loss = findLoss(position, offsets);
    if (loss?.loss === undefined) return;
    gaps.noteLoss(state, loss.loss);
    state.readOffset = loss.offset;
    connection.seek(state, loss.offset);
  }

  function isStuck(state: PartitionState, high: bigint): boolean {
    const name = partitionName(state);
    const known = standing.get(name);
    // A partition that waits (for the database, for a newer build) is late for a reason that is known and logged.
    if (state.phase !== 'reading' || high <= state.readOffset) {
      standing.delete(name);
      return false;
    }
    if (known?.offset === state.readOffset) return now() - known.since >= NO_PROGRESS_MS;
    standing.set(name, { offset: state.readOffset, since: now() });
    return false;
  }

  async function checkTopic(topic: string, states: readonly PartitionState[]): Promise<string[]> {
    const before = new Map(states.map((state) => [state, state.readOffset]));
    const offsets = await broker.readOffsets(topic);
    // A missing topic is its owner's to make again; then it is empty, and that shows.
    if (offsets === undefined) return [];
    const stuck: string[] = [];
    for (const [state, position] of before) {
      const available = offsets.get(state.partition);
      if (available === undefined) continue;
      if (findLoss(position, available) !== undefined && state.phase === 'reading')
        await exclusive(() => seekAfterLoss(state, position, available));
      if (isStuck(state, available.high)) stuck.push(partitionName(state));
    }
    return stuck;
  }

  return {
    async run(states) {
      const stuck: string[] = [];
      for (const [topic, those] of Map.groupBy(states, (state) => state.topic)) {
        try {
          stuck.push(...(await checkTopic(topic, those)));
        } catch (error) {
          if (!(error instanceof AppError && error.retryable)) throw error;
          // Kafka is away: nobody can make progress.
          standing.clear();
          logger.warn({ err: error, topic }, 'cannot compare with Kafka now');
        }
      }
      return stuck;
    },
  };
}
