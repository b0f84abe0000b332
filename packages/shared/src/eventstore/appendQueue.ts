// The group commit: whatever waits while a commit is under way goes into the next one.
// No timer and no delay when idle; under load one flush of the disk carries hundreds of requests.
import { AppError } from '../runtime/appError.ts';
import type { DomainEvent } from './decider.ts';
import { ConflictError, type EventStore, type RecordedEvent, type Unit } from './eventStore.ts';

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
   * Commits a consumer's units as a transaction of their own, before all requests that wait. Throws what the store's
   * commit throws.
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

interface Waiting<Event extends DomainEvent, Fact extends DomainEvent> {
  readonly unit: Unit<Event, Fact>;
  readonly resolve: (events: readonly RecordedEvent<Event>[]) => void;
  readonly reject: (error: unknown) => void;
}

/**
 * Makes the queue in front of a store: one a process, since only one commit of a schema can be under way at once anyway
 * (the log head's lock). Consumers go first, as they answer requests that are under way already; and alone, as a lost
 * compare-and-set of theirs must not roll back innocent requests. Requests gather meanwhile, which makes fewer commits.
 */
export function createAppendQueue<Event extends DomainEvent, Fact extends DomainEvent = never>(
  store: Pick<EventStore<Event, Fact>, 'commit' | 'readVersions'>,
  limits: AppendQueueLimits = {},
): AppendQueue<Event, Fact> {
  const maxBatchEvents = limits.maxBatchEvents ?? MAX_BATCH_EVENTS;
  const maxWaitingUnits = limits.maxWaitingUnits ?? MAX_WAITING_UNITS;
  const aheadWaitMs = limits.aheadWaitMs ?? AHEAD_WAIT_MS;
  const ahead: (() => Promise<void> | undefined)[] = [];
  let waiting: Waiting<Event, Fact>[] = [];
  let running: Promise<void> | undefined;

  async function run(): Promise<void> {
    // Requests that arrive together are read in one turn of the event loop: without this the first would go alone.
    await new Promise((resolve) => setImmediate(resolve));
    while (ahead.length > 0 || waiting.length > 0) {
      await ahead.shift()?.();
      if (ahead.length > 0) continue;
      const { batch, rest } = takeBatch(waiting, maxBatchEvents);
      waiting = rest;
      await commitBatch(store, batch);
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
      return new Promise((resolve, reject) => {
        let begun = false;
        const begin = (): Promise<void> | undefined => {
          clearTimeout(timer);
          if (begun) return undefined;
          begun = true;
          return store.commit(units).then(resolve, reject);
        };
        const timer = setTimeout(() => void begin(), aheadWaitMs);
        ahead.push(begin);
        running ??= run();
      });
    },
    async drain() {
      while (running !== undefined) await running;
    },
  };
}

function queueFull(limit: number): AppError {
  return new AppError('append_queue_full', `${limit} appends are waiting already; try again soon`, {
    retryable: true,
  });
}

/**
 * The next batch, in order of arrival. Never two units of one stream: both were decided on a state without the other,
 * so if one is written, the other's expected version is surely wrong, and would take the whole batch with it.
 */
function takeBatch<Event extends DomainEvent, Fact extends DomainEvent>(
  waiting: readonly Waiting<Event, Fact>[],
  maxEvents: number,
) {
  const batch: Waiting<Event, Fact>[] = [];
  const rest: Waiting<Event, Fact>[] = [];
  const streams = new Set<string>();
  let events = 0;
  for (const entry of waiting) {
    const ids = entry.unit.streams.map((append) => append.streamId);
    // An assertion alone is work, too.
    const size = Math.max(countEvents(entry.unit), 1);
    const fits = batch.length === 0 || events + size <= maxEvents;
    if (!fits || ids.some((id) => streams.has(id))) {
      rest.push(entry);
      continue;
    }
    batch.push(entry);
    ids.forEach((id) => streams.add(id));
    events += size;
  }
  return { batch, rest };
}

function countEvents(unit: Unit<DomainEvent, DomainEvent>): number {
  return unit.streams.reduce((sum, append) => sum + append.events.length, 0);
}

/** Commits a batch and settles each of its entries once. Never throws. */
async function commitBatch<Event extends DomainEvent, Fact extends DomainEvent>(
  store: Pick<EventStore<Event, Fact>, 'commit' | 'readVersions'>,
  batch: readonly Waiting<Event, Fact>[],
): Promise<void> {
  if (batch.length === 0) return;
  try {
    const recorded = await store.commit(batch.map((entry) => entry.unit));
    let start = 0;
    for (const { unit, resolve } of batch) {
      resolve(recorded.slice(start, start + countEvents(unit)));
      start += countEvents(unit);
    }
  } catch (error) {
    if (batch.length === 1 || concernsAll(error)) rejectAll(batch, error);
    else if (error instanceof ConflictError) await commitWithoutLosers(store, batch);
    else await commitSingly(store, batch);
  }
}

/**
 * True when no unit is at fault: the database is away, or the answer to COMMIT is lost (then nothing may be tried again
 * here). All else comes of one unit: an event that is too large, a fold that throws on it.
 */
function concernsAll(error: unknown): boolean {
  return error instanceof AppError && (error.retryable || error.code === 'commit_unknown');
}

async function commitSingly<Event extends DomainEvent, Fact extends DomainEvent>(
  store: Pick<EventStore<Event, Fact>, 'commit' | 'readVersions'>,
  batch: readonly Waiting<Event, Fact>[],
): Promise<void> {
  for (const entry of batch) await commitBatch(store, [entry]);
}

/**
 * After a conflict nothing of the batch is written. A unit whose stream is past the version that it expects has lost
 * for good, since versions only grow: those fail, and the rest goes again. If there is no such unit (a unique
 * constraint, a row), each is committed alone, and only the guilty one fails.
 */
async function commitWithoutLosers<Event extends DomainEvent, Fact extends DomainEvent>(
  store: Pick<EventStore<Event, Fact>, 'commit' | 'readVersions'>,
  batch: readonly Waiting<Event, Fact>[],
): Promise<void> {
  const rest: Waiting<Event, Fact>[] = [];
  try {
    const streamIds = batch.flatMap(({ unit }) => unit.streams.map((append) => append.streamId));
    const versions = await store.readVersions(streamIds);
    for (const entry of batch) {
      const lost = entry.unit.streams.find(
        (append) => (versions.get(append.streamId) ?? 0) > append.expectedVersion,
      );
      if (lost === undefined) rest.push(entry);
      else entry.reject(new ConflictError('version', lost.streamId));
    }
  } catch (error) {
    rejectAll(batch, error);
    return;
  }
  if (rest.length < batch.length) await commitBatch(store, rest);
  else await commitSingly(store, rest);
}

function rejectAll(batch: readonly { reject: (error: unknown) => void }[], error: unknown): void {
  for (const { reject } of batch) reject(error);
}
