// Slices of records brought into one transaction, whatever comes between: lost partitions, races, failures, poison.
import type { DomainEvent } from '../eventstore/decider.ts';
import { ConflictError, type EventStore } from '../eventstore/eventStore.ts';
import { AppError } from '../runtime/appError.ts';
import type { Logger } from '../runtime/logger.ts';
import { planBatch, type BatchPlan, type PlanDeps } from './batchPlan.ts';
import { comparePlaces } from './chain.ts';
import type { GapWatch } from './gapWatch.ts';
import { describeError } from './openBatch.ts';
import type { PartitionState } from './partitionState.ts';
import { MAX_POISON_PER_MINUTE, type PoisonMeter } from './poisonMeter.ts';
import type { IncomingRecord } from './transport.ts';

/** Decisions that were overtaken by others' appends are made again this often before their partitions pause. */
const MAX_ATTEMPTS = 10;

/** Records of one partition, in order; perhaps none. */
export interface Records {
  readonly state: PartitionState;
  readonly records: readonly IncomingRecord[];
}

/** What could not be settled, by partition. All others are. */
export interface Outcome {
  /** Another owner has moved the cursor. */
  readonly lost: PartitionState[];
  /** Something outside failed: what stands before the failure is committed, the rest must be read again later. */
  readonly stalled: { readonly state: PartitionState; readonly error: unknown }[];
}

/** More messages are poison than can be the messages' fault. */
export class TooMuchPoisonError extends Error {}

/** What settling needs. */
export interface SettleDeps<
  State,
  Event extends DomainEvent,
  Fact extends DomainEvent,
> extends PlanDeps<State, Event, Fact> {
  readonly store: Pick<EventStore<Event, Fact>, 'readStreams' | 'readCursors' | 'commit'>;
  readonly gaps: GapWatch;
  readonly poison: PoisonMeter;
  /** `topic/key` of all keys with parked messages; grows here. */
  readonly parkedKeys: Set<string>;
  readonly logger: Logger;
}

/** Settles slices, one call at a time. */
export interface Settler {
  /**
   * Decides and commits the records; with `commitMoves`, cursor moves alone are committed too (they wait otherwise).
   * Moves the states of what was settled. Throws TooMuchPoisonError, and bugs.
   */
  settle(slices: readonly Records[], commitMoves?: boolean): Promise<Outcome>;
}

/** Makes a settler. */
export function createSettler<State, Event extends DomainEvent, Fact extends DomainEvent>(
  deps: SettleDeps<State, Event, Fact>,
): Settler {
  const { consumer, store, cache, gaps, poison, parkedKeys, logger } = deps;

  /** True if it was written, false if there was nothing that could not wait. Throws what the commit throws. */
  async function commit(plan: BatchPlan<Event, Fact>, commitMoves: boolean): Promise<boolean> {
    if (poison.wouldExceed(plan.poison.length))
      throw new TooMuchPoisonError(
        `More than ${MAX_POISON_PER_MINUTE} messages within a minute cannot be handled, the last because of: ` +
          `${plan.poison.at(-1)?.reason}. That is the code, not the messages: mend it and start again.`,
      );
    const moves = (plan.unit.cursors ?? []).length > 0;
    if (!plan.weighs && !(commitMoves && moves)) return false;
    await store.commit([plan.unit]);
    return true;
  }

  function accept(plan: BatchPlan<Event, Fact>, written: boolean, outcome: Outcome): void {
    plan.publish();
    for (const key of plan.parkedKeys) parkedKeys.add(key);
    poison.add(plan.poison.length);
    for (const { topic, partition, key, place, reason } of plan.poison)
      logger.error({ topic, partition, key, place, reason }, 'message parked, and its key with it');
    for (const { state, after, gap, moved, stalled } of plan.slices) {
      const { topic, partition } = state;
      const { place, nextOffset, readOffset } = after;
      Object.assign(state, { place, nextOffset, readOffset });
      if (written) state.stored = { topic, partition, place, nextOffset: String(nextOffset) };
      if (gap !== undefined) gaps.openGap(state, gap.cursor, gap.message);
      else if (moved) gaps.closeGap(state);
      if (stalled !== undefined) outcome.stalled.push({ state, error: stalled });
      else state.failures = 0;
    }
  }

  /** Those of the slices whose cursors are still where we put them; the others have another owner now. */
  async function stillOurs(
    slices: readonly Records[],
    outcome: Outcome,
  ): Promise<readonly Records[]> {
    const ours: Records[] = [];
    for (const [topic, those] of Map.groupBy(slices, ({ state }) => state.topic)) {
      const partitions = those.map(({ state }) => state.partition);
      const cursors = await store.readCursors(consumer, topic, partitions);
      for (const slice of those) {
        const { stored, partition } = slice.state;
        const now = cursors.find((cursor) => cursor.partition === partition);
        if (now !== undefined && comparePlaces(now.place, stored.place) === 0) ours.push(slice);
        else outcome.lost.push(slice.state);
      }
    }
    return ours;
  }

  /** One message of the batch breaks the transaction: each goes alone, and the one that fails alone is parked. */
  async function settleSingly(
    slices: readonly Records[],
    error: unknown,
    outcome: Outcome,
  ): Promise<void> {
    const isOut = (state: PartitionState): boolean =>
      outcome.lost.includes(state) || outcome.stalled.some((entry) => entry.state === state);
    const [only, ...others] = slices.flatMap(({ state, records }) =>
      records.map((record) => ({ state, records: [record] })),
    );
    if (only === undefined) throw error;
    if (others.length === 0) return attempt([only], false, outcome, describeError(error));
    logger.warn({ err: error }, 'a transaction failed for one of its messages: each goes alone');
    for (const single of [only, ...others]) {
      if (!isOut(single.state)) await attempt([single], false, outcome);
    }
  }

  async function tryOnce(
    slices: readonly Records[],
    commitMoves: boolean,
    parkFor: string | undefined,
  ): Promise<{ plan: BatchPlan<Event, Fact>; written: boolean } | { error: unknown }> {
    const marked = slices.map((slice) => ({
      ...slice,
      gapIsOpen: gaps.isGapOpen(slice.state),
      ...(parkFor === undefined ? {} : { parkFor }),
    }));
    try {
      const plan = await planBatch<State, Event, Fact>(deps, marked, parkedKeys);
      return { plan, written: await commit(plan, commitMoves) };
    } catch (error) {
      return { error };
    }
  }

  async function attempt(
    slices: readonly Records[],
    commitMoves: boolean,
    outcome: Outcome,
    parkFor?: string,
  ): Promise<void> {
    let open = slices;
    for (let tries = 1; open.length > 0; tries += 1) {
      const result = await tryOnce(open, commitMoves, parkFor);
      if ('plan' in result) return accept(result.plan, result.written, outcome);
      // Whatever it was: what this process believes of its streams may be no longer so.
      cache.clear();
      const { error } = result;
      const failure = classify(error);
      if (failure === 'bug' || (failure === 'message' && parkFor !== undefined)) throw error;
      if (failure === 'message') return settleSingly(open, error, outcome);
      if (failure === 'outside' || tries === MAX_ATTEMPTS) return stall(open, error, outcome);
      if (failure === 'race') continue;
      // Ours is a compare-and-set: a process that has lost its partitions, but does not know it yet, ends here. The
      // partitions that it still has are decided again.
      logger.warn({ err: error }, 'a cursor has moved');
      try {
        open = await stillOurs(open, outcome);
      } catch (cause) {
        return stall(open, cause, outcome);
      }
    }
  }

  return {
    async settle(slices, commitMoves = false) {
      const outcome: Outcome = { lost: [], stalled: [] };
      await attempt(slices, commitMoves, outcome);
      return outcome;
    },
  };
}

function stall(slices: readonly Records[], error: unknown, outcome: Outcome): void {
  for (const { state } of slices) outcome.stalled.push({ state, error });
}

/** Whose failure it is. 'message': the unit itself cannot be written, so one of its messages is at fault. */
function classify(error: unknown): 'cursor' | 'race' | 'outside' | 'message' | 'bug' {
  if (error instanceof TooMuchPoisonError) return 'bug';
  if (error instanceof AppError) return error.retryable ? 'outside' : 'message';
  if (!(error instanceof ConflictError)) return 'message';
  switch (error.kind) {
    case 'cursor':
      return 'cursor';
    case 'version':
    case 'row':
      return 'race';
    case 'unique':
      return 'message';
  }
}
