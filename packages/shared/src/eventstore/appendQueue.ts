// The group commit: whatever waits while a commit is under way goes into the next one.
// No timer and no delay when idle; under load one flush of the disk carries hundreds of requests.
import { AppError } from '../runtime/appError.ts';
import { createAheadCommits } from './aheadCommits.ts';
import type { DomainEvent } from './decider.ts';
import type { EventStore, RecordedEvent, Unit } from './eventStore.ts';
import {
  commitBatch,
  commitTogether,
  takeBatch,
  type CommitStore,
  type Waiting,
} from './sharedCommit.ts';

/** Events in one commit at most (a unit that has more goes alone). */
const MAX_BATCH_EVENTS = 500;
/**
 * How long a consumer's commit waits for its turn. What holds it up longer is no commit but its trouble (a commit in doubt, a
 * batch that is taken apart), and the log head's lock orders them all the same.
 */
const AHEAD_WAIT_MS = 2_000;
/** Units that may wait. */
const MAX_WAITING_UNITS = 10_000;

/** Where requests hand in their units. */
export interface AppendQueue<Event extends DomainEvent, Fact extends DomainEvent = never> {
  /**
   * Commits a unit, together with others that wait, and gives its own recorded events. Throws ConflictError if this
   * unit conflicts and what it alone causes (others do not fail with it), AppErrors of the store, and
   * 'append_queue_full' (retryable).
   */
  readonly append: (unit: Unit<Event, Fact>) => Promise<readonly RecordedEvent<Event>[]>;
  /**
   * Commits a consumer's units with the next transaction, in one with the requests that wait; beside them if the commit
   * before did not get a lock. Throws what the store's commit of these units alone throws.
   */
  readonly commitAhead: EventStore<Event, Fact>['commit'];
  /** Resolves when nothing waits and nothing is under way. */
  readonly drain: () => Promise<void>;
}

export interface AppendQueueLimits {
  readonly maxBatchEvents?: number;
  readonly maxWaitingUnits?: number;
  readonly aheadWaitMs?: number;
}

/**
 * Makes the queue in front of a store: one a process, since only one commit of a schema can be under way at once anyway
 * (the log head's lock). A consumer's units go with the next commit, as they answer requests that are under way already;
 * the requests that wait go with them, since each commit has its price, whatever it carries.
 */
export function createAppendQueue<Event extends DomainEvent, Fact extends DomainEvent = never>(
  store: CommitStore<Event, Fact>,
  limits: AppendQueueLimits = {},
): AppendQueue<Event, Fact> {
  const maxBatchEvents = limits.maxBatchEvents ?? MAX_BATCH_EVENTS;
  const maxWaitingUnits = limits.maxWaitingUnits ?? MAX_WAITING_UNITS;
  const ahead = createAheadCommits(store, limits.aheadWaitMs ?? AHEAD_WAIT_MS);
  let waiting: Waiting<Event, Fact>[] = [];
  let running: Promise<void> | undefined;

  async function run(): Promise<void> {
    for (;;) {
      // What arrives together is read in one turn of the event loop, as is the answer to the commit before: without this
      // the first would go alone.
      await new Promise((resolve) => setImmediate(resolve));
      if (ahead.isEmpty() && waiting.length === 0) break;
      const first = ahead.next();
      const { batch, rest } = takeBatch(waiting, maxBatchEvents, first?.units);
      waiting = rest;
      if (first === undefined) await commitBatch(store, batch);
      else await commitTogether(store, first, batch, ahead.goBeside);
    }
    running = undefined;
  }

  return {
    append(unit) {
      if (waiting.length >= maxWaitingUnits) return Promise.reject(queueFull(maxWaitingUnits));
      return new Promise((resolve, reject) => {
        waiting.push({ unit, resolve, reject });
        running ??= run();
      });
    },
    commitAhead(units) {
      const committed = ahead.commit(units);
      running ??= run();
      return committed;
    },
    async drain() {
      while (running !== undefined) await running;
      await ahead.drain();
    },
  };
}

function queueFull(limit: number): AppError {
  return new AppError('append_queue_full', `${limit} appends are waiting already; try again soon`, {
    retryable: true,
  });
}
