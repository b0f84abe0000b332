// What operators wish about parked keys is done by the owner of the partition, in order, in transactions like any
// other.
import type { DomainEvent } from '../eventstore/decider.ts';
import type { EventStore, KeptMessage, Wish, WishedMessage } from '../eventstore/eventStore.ts';
import { AppError } from '../runtime/appError.ts';
import type { Logger } from '../runtime/logger.ts';
import type { Assignment } from './assignment.ts';
import type { PlanDeps } from './batchPlan.ts';
import { formatPlace } from './chain.ts';
import type { Exclusive } from './mutex.ts';
import { describeError, UNREADABLE_KEY } from './openBatch.ts';
import type { ParkedKeys } from './parkedKeys.ts';
import type { PartitionState } from './partitionState.ts';
import { planRedrive, type RedrivePlan } from './redrivePlan.ts';
import { classify } from './settleFailure.ts';

/** Messages in one transaction. */
const REDRIVE_LIMIT = 500;
/** How long other keys may wait for one; what is left of it goes on with the next tick. */
const STEP_MS = 2_000;
/** Decisions that were overtaken by others' appends are made again this often in a step. */
const MAX_ATTEMPTS = 10;

/** What redriving needs. */
export interface RedriveDeps<
  State,
  Event extends DomainEvent,
  Fact extends DomainEvent,
> extends PlanDeps<State, Event, Fact> {
  readonly topics: readonly string[];
  readonly store: Pick<
    EventStore<Event, Fact>,
    'readStreams' | 'readSnapshots' | 'readParkedKeys' | 'readParked' | 'readWishes' | 'commit'
  >;
  readonly assignment: Pick<Assignment, 'find' | 'setAside'>;
  readonly exclusive: Exclusive;
  readonly parked: ParkedKeys;
  readonly logger: Logger;
}

/** Does what is wished about parked keys. */
export interface Redriver {
  /**
   * One look; to be called about every second, one call at a time. Costs nothing while no key is parked. Throws bugs.
   */
  tick(): Promise<void>;
}

/**
 * Makes the redriver of a consumer. The races that it is safe from:
 * - A new message of the key comes while the key is redriven. Whoever redrives holds `exclusive`, so no batch of this
 *   process is decided meanwhile. In the same step the key is freed if the table has no message of it left; so the new
 *   one is parked behind what is left, or handled after all of them.
 * - Another process takes itself for the partition's owner, too (one of the two is late to hear of a rebalance). Each
 *   transaction names the cursor where this process has it, and the rows that it removes: if the other one has handled
 *   anything since, or redriven the same rows, there is nothing to find, and the transaction fails as a whole. If the
 *   key was freed here and the other one does not know it yet, it parks the next message behind nothing: that one keeps
 *   its order, and stands in the list until it is tried again.
 * - The process dies: rows go with the effects of their messages, and the next row carries the wish.
 */
export function createRedriver<State, Event extends DomainEvent, Fact extends DomainEvent>(
  deps: RedriveDeps<State, Event, Fact>,
): Redriver {
  return new KeyRedriver(deps);
}

class KeyRedriver<State, Event extends DomainEvent, Fact extends DomainEvent> implements Redriver {
  readonly #deps: RedriveDeps<State, Event, Fact>;

  constructor(deps: RedriveDeps<State, Event, Fact>) {
    this.#deps = deps;
  }

  async tick(): Promise<void> {
    const { parked, store, consumer, exclusive, logger } = this.#deps;
    if (parked.current().size === 0) return;
    try {
      for (const wished of await store.readWishes(consumer))
        await exclusive(() => this.#fulfil(wished));
      await exclusive(() => this.#forgetFreed());
    } catch (error) {
      if (!(error instanceof AppError && error.retryable)) throw error;
      logger.warn({ err: error }, 'parked keys cannot be looked at now');
    }
  }

  /** Keys that another process has freed, which owned the partition then or took itself for its owner. */
  async #forgetFreed(): Promise<void> {
    const { parked, store, consumer, topics } = this.#deps;
    const keys = parked.current();
    const found = await Promise.all(topics.map((topic) => store.readParkedKeys(consumer, topic)));
    for (const key of keys) if (!found.some((those) => those.has(key))) keys.delete(key);
  }

  async #fulfil(wished: WishedMessage): Promise<void> {
    const { assignment, cache } = this.#deps;
    const state = assignment.find(wished);
    // Another process's partition; or one that waits, and is looked at again when it is back.
    if (state?.phase !== 'reading') return;
    // What this process believes of the key's streams may be why the message failed.
    cache.clear();
    const endsAt = performance.now() + STEP_MS;
    let limit = REDRIVE_LIMIT;
    let races = 0;
    while (races < MAX_ATTEMPTS && performance.now() < endsAt) {
      const rows = await this.#read(wished, limit + 1);
      const wish = rows[0]?.wish ?? null;
      if (wish === null) break;
      const outcome = await this.#step(state, wish, rows.slice(0, limit), rows[limit]);
      if (outcome === 'over') return;
      if (outcome === 'race') races += 1;
      if (outcome === 'one of them') limit = 1;
    }
    await this.#freeIfEmpty(wished);
  }

  /** In the step of its last message: a batch that waits for its turn would park what came meanwhile behind nothing. */
  async #freeIfEmpty(wished: WishedMessage): Promise<void> {
    const { store, parked } = this.#deps;
    const left = await store.readParked(wished, 1);
    if (left.length === 0) parked.current().delete(`${wished.topic}/${wished.key}`);
  }

  /**
   * The key's first messages. Records that are no messages share a key, but no order: there it begins with the one
   * wished about.
   */
  #read(wished: WishedMessage, limit: number): Promise<readonly KeptMessage[]> {
    const from = wished.key === UNREADABLE_KEY ? wished.place : undefined;
    return this.#deps.store.readParked(wished, limit, from);
  }

  /**
   * 'one of them': one of several messages breaks the transaction, so each must go alone. 'over': not now, or not
   * here. `failure`: why the first message's own transaction has failed, so that only its answer is written; that can
   * lose the same races.
   */
  async #step(
    state: PartitionState,
    wish: Wish,
    rows: readonly KeptMessage[],
    rowAfter: KeptMessage | undefined,
    failure?: string,
  ): Promise<'done' | 'race' | 'one of them' | 'over'> {
    try {
      const plan = await planRedrive(this.#deps, rows, rowAfter, wish, failure);
      return (await this.#commit(state, plan)) ? 'over' : 'done';
    } catch (error) {
      this.#deps.cache.clear();
      switch (classify(error)) {
        case 'cursor':
          // Another owner: it does what is wished, and this process looks again at what is its own.
          this.#deps.logger.warn({ err: error }, 'a parked key is redriven by another owner');
          this.#deps.assignment.setAside({ lost: [state], stalled: [] });
          return 'over';
        case 'race':
          return 'race';
        case 'outside':
          // The messages may have left, and then the key is free: nothing of the partition is decided before that is read
          // again, or the key's next message would be parked behind nothing.
          this.#deps.assignment.setAside({ lost: [], stalled: [{ state, error }] });
          throw error;
        case 'message':
        case 'poison':
          if (rows.length > 1) return 'one of them';
          // An answer cannot fail by its message: nothing of that is in it.
          if (failure !== undefined) throw error;
          return this.#step(state, wish, rows, rowAfter, describeError(error));
      }
    }
  }

  /** Commits what was decided; true if something outside stopped it early. */
  async #commit(state: PartitionState, plan: RedrivePlan<Event, Fact>): Promise<boolean> {
    const { consumer, store, logger } = this.#deps;
    const { unit, refused, stalled } = plan;
    const { key, wish, removed } = unit.redrive;
    if (removed.length > 0 || refused !== undefined) {
      const { place: from, nextOffset: fromOffset } = state.stored;
      // It stays where it is: that it is there, is what shows that the partition is still ours.
      const cursors = [{ consumer, from, fromOffset, to: state.stored }];
      plan.publish(await store.commit([{ ...unit, cursors }]));
    }
    const [first] = removed;
    if (first !== undefined) {
      const fields = { ...key, wish, count: removed.length, first: formatPlace(first) };
      logger.warn(fields, 'parked messages have left, in their order');
    }
    if (refused !== undefined) logger.error({ ...key, ...refused }, 'the key stays parked');
    if (stalled !== undefined) logger.warn({ err: stalled, ...key }, 'a parked key waits');
    return stalled !== undefined;
  }
}
