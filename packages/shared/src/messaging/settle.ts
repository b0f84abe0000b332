// Slices of records brought into one transaction, whatever comes between: lost partitions, races, failures, poison.
import type { DomainEvent } from '../eventstore/decider.ts';
import type { EventStore, RecordedEvent } from '../eventstore/eventStore.ts';
import type { Logger } from '../runtime/logger.ts';
import { planBatch, type BatchPlan, type PlanDeps } from './batchPlan.ts';
import type { GapWatch } from './gapWatch.ts';
import { describeError } from './openBatch.ts';
import type { ParkedKeys } from './parkedKeys.ts';
import { isStoredAt, type PartitionState } from './partitionState.ts';
import { MAX_POISON_PER_MINUTE, type PoisonMeter } from './poisonMeter.ts';
import { classify, TooMuchPoisonError } from './settleFailure.ts';
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

/** What settling needs. */
export interface SettleDeps<
  State,
  Event extends DomainEvent,
  Fact extends DomainEvent,
> extends PlanDeps<State, Event, Fact> {
  readonly store: Pick<
    EventStore<Event, Fact>,
    'readStreams' | 'readSnapshots' | 'readCursors' | 'commit'
  >;
  readonly gaps: GapWatch;
  readonly poison: PoisonMeter;
  /** Grows here. */
  readonly parked: ParkedKeys;
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

/** What was recorded; `undefined` if nothing was written. */
type Written<Event extends DomainEvent> = readonly RecordedEvent<Event>[] | undefined;

type Attempt<Event extends DomainEvent, Fact extends DomainEvent> =
  | { readonly plan: BatchPlan<Event, Fact>; readonly written: Written<Event> }
  | { readonly error: unknown }
  /** Something is to be parked, and the states it was decided on may be old. */
  | 'doubtful';

/** The settler of one consumer. */
export class BatchSettler<
  State,
  Event extends DomainEvent,
  Fact extends DomainEvent,
> implements Settler {
  readonly #deps: SettleDeps<State, Event, Fact>;

  constructor(deps: SettleDeps<State, Event, Fact>) {
    this.#deps = deps;
  }

  async settle(slices: readonly Records[], commitMoves = false): Promise<Outcome> {
    const outcome: Outcome = { lost: [], stalled: [] };
    await this.#settle(slices, commitMoves, outcome);
    return outcome;
  }

  async #settle(
    slices: readonly Records[],
    commitMoves: boolean,
    outcome: Outcome,
    parkFor?: string,
  ): Promise<void> {
    let open = slices;
    for (let tries = 1; open.length > 0; tries += 1) {
      const attempt = await this.#attempt(open, commitMoves, parkFor, tries);
      if (attempt === 'doubtful') {
        // A message threw; perhaps only because of a state that another process, or a request, has changed meanwhile.
        this.#deps.cache.clear();
        continue;
      }
      if ('plan' in attempt) {
        this.#accept(attempt.plan, attempt.written, outcome);
        return;
      }
      // Whatever it was: what this process believes of its streams may be no longer so.
      this.#deps.cache.clear();
      const { error } = attempt;
      const failure = classify(error);
      if (failure === 'poison') {
        open = await this.#withoutLost(open, error, outcome);
        continue;
      }
      if (failure === 'message' && parkFor !== undefined) throw error;
      if (failure === 'message') {
        await this.#settleSingly(open, error, outcome);
        return;
      }
      if (failure === 'outside' || tries === MAX_ATTEMPTS) {
        stall(open, error, outcome);
        return;
      }
      if (failure === 'cursor') open = await this.#stillOurs(open, error, outcome);
    }
  }

  async #attempt(
    slices: readonly Records[],
    commitMoves: boolean,
    parkFor: string | undefined,
    tries: number,
  ): Promise<Attempt<Event, Fact>> {
    const { gaps, parked } = this.#deps;
    const marked = slices.map((slice) => ({
      ...slice,
      gapIsOpen: gaps.isGapOpen(slice.state),
      ...(parkFor === undefined ? {} : { parkFor }),
    }));
    try {
      const plan = await planBatch<State, Event, Fact>(this.#deps, marked, parked.current());
      if (plan.poison.length > 0 && tries === 1 && parkFor === undefined) return 'doubtful';
      return { plan, written: await this.#commit(plan, commitMoves) };
    } catch (error) {
      return { error };
    }
  }

  /** Gives what was recorded; `undefined` if there was nothing that could not wait. Throws what the commit throws. */
  async #commit(plan: BatchPlan<Event, Fact>, commitMoves: boolean): Promise<Written<Event>> {
    const { poison, store } = this.#deps;
    if (poison.wouldExceed(plan.poison.length))
      throw new TooMuchPoisonError(
        `More than ${MAX_POISON_PER_MINUTE} messages within a minute cannot be handled, the last because of: ` +
          `${plan.poison.at(-1)?.reason ?? ''}. That is the code, not the messages: mend it and start again.`,
      );
    const hasMoves = (plan.unit.cursors ?? []).length > 0;
    if (!plan.weighs && !(commitMoves && hasMoves)) return undefined;
    return store.commit([plan.unit]);
  }

  #accept(plan: BatchPlan<Event, Fact>, written: Written<Event>, outcome: Outcome): void {
    const { poison, parked, gaps, logger } = this.#deps;
    plan.publish(written ?? []);
    for (const key of plan.parkedKeys) parked.current().add(key);
    poison.add(plan.poison.length);
    for (const { topic, partition, key, place, reason } of plan.poison)
      logger.error({ topic, partition, key, place, reason }, 'message parked, and its key with it');
    for (const { state, after, gap, moved, stalled } of plan.slices) {
      const { topic, partition } = state;
      const { place, nextOffset, readOffset } = after;
      Object.assign(state, { place, nextOffset, readOffset });
      if (written !== undefined)
        state.stored = { topic, partition, place, nextOffset: String(nextOffset) };
      if (gap !== undefined) gaps.openGap(state, gap.cursor, gap.message);
      else if (moved) gaps.closeGap(state);
      if (stalled !== undefined) outcome.stalled.push({ state, error: stalled });
      else state.failures = 0;
    }
  }

  /**
   * Too much poison, unless another owner has handled those messages already: it may have moved on between our look at
   * a cursor and at the streams, and then every message contradicts its stream. Cursors move in the transaction of their
   * streams, and these were read before, so a cursor that still stands says that the poison is real. What is parked
   * needs no such look, since its commit compares the cursors; but of too much nothing is committed, and without this a
   * process that woke up late would stop for good over messages that were all handled. Throws `error` if it is real.
   */
  async #withoutLost(
    slices: readonly Records[],
    error: unknown,
    outcome: Outcome,
  ): Promise<readonly Records[]> {
    const ours = await this.#stillOurs(slices, error, outcome);
    if (ours.length === slices.length) throw error;
    return ours;
  }

  /**
   * Those of the slices whose cursors are still where we put them; the others have another owner now. A process that
   * has lost its partitions, but does not know it yet, ends here; what it still has is decided again.
   */
  async #stillOurs(
    slices: readonly Records[],
    error: unknown,
    outcome: Outcome,
  ): Promise<readonly Records[]> {
    const { consumer, store, logger } = this.#deps;
    const ours: Records[] = [];
    try {
      for (const [topic, those] of Map.groupBy(slices, ({ state }) => state.topic)) {
        const partitions = those.map(({ state }) => state.partition);
        const cursors = await store.readCursors(consumer, topic, partitions);
        const byPartition = new Map(cursors.map((cursor) => [cursor.partition, cursor]));
        ours.push(
          ...those.filter(({ state }) => isStoredAt(state, byPartition.get(state.partition))),
        );
      }
    } catch (cause) {
      stall(slices, cause, outcome);
      return [];
    }
    const lost = slices.filter((slice) => !ours.includes(slice));
    if (lost.length > 0) logger.warn({ err: error }, 'a cursor has moved');
    outcome.lost.push(...lost.map(({ state }) => state));
    return ours;
  }

  /** One message of the batch breaks the transaction: each goes alone, and the one that fails alone is parked. */
  async #settleSingly(slices: readonly Records[], error: unknown, outcome: Outcome): Promise<void> {
    const singles = slices.flatMap(({ state, records }) =>
      records.map((record) => ({ state, records: [record] })),
    );
    if (singles.length === 0) throw error;
    if (singles.length === 1) {
      await this.#settle(singles, false, outcome, describeError(error));
      return;
    }
    this.#deps.logger.warn({ err: error }, 'a transaction failed for one of its messages');
    for (const single of singles) {
      const isOut =
        outcome.lost.includes(single.state) ||
        outcome.stalled.some(({ state }) => state === single.state);
      if (!isOut) await this.#settle([single], false, outcome);
    }
  }
}

function stall(slices: readonly Records[], error: unknown, outcome: Outcome): void {
  for (const { state } of slices) outcome.stalled.push({ state, error });
}
