// Units of several callers in one transaction: which of them go together, and who gets which outcome.
import { AppError } from '../runtime/appError.ts';
import type { DomainEvent } from './decider.ts';
import { ConflictError, type EventStore, type RecordedEvent, type Unit } from './eventStore.ts';

/** Who waits for a commit, and is told of its end once. */
export interface Settled<Event extends DomainEvent> {
  readonly resolve: (events: readonly RecordedEvent<Event>[]) => void;
  readonly reject: (error: unknown) => void;
}

/** A request's unit. */
export interface Waiting<
  Event extends DomainEvent,
  Fact extends DomainEvent,
> extends Settled<Event> {
  readonly unit: Unit<Event, Fact>;
}

/** A consumer's units. */
export interface Ahead<Event extends DomainEvent, Fact extends DomainEvent> extends Settled<Event> {
  readonly units: readonly Unit<Event, Fact>[];
}

/** What is needed of a store. */
export type CommitStore<Event extends DomainEvent, Fact extends DomainEvent> = Pick<
  EventStore<Event, Fact>,
  'commit' | 'readVersions'
>;

/**
 * The next batch, in order of arrival. Never two units of one stream, nor one of a stream that a consumer's units write:
 * both were decided on a state without the other, so if one is written, the other's expected version is surely wrong, and
 * would take the whole batch with it.
 */
export function takeBatch<Event extends DomainEvent, Fact extends DomainEvent>(
  waiting: readonly Waiting<Event, Fact>[],
  maxEvents: number,
  ahead: readonly Unit<Event, Fact>[] = [],
) {
  const batch: Waiting<Event, Fact>[] = [];
  const rest: Waiting<Event, Fact>[] = [];
  const streams = new Set(ahead.flatMap((unit) => unit.streams.map(({ streamId }) => streamId)));
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

/**
 * Commits a consumer's units and requests in one transaction. Never throws.
 *
 * The race: another owner has moved the consumer's cursor, or a request's stream stands where it did not expect it. Then
 * all of the transaction is rolled back, with units that are innocent. A client can bring that about at will, by asking
 * twice for the same: so requests that have lost are told so, and the consumer's units, which may be the work of a
 * thousand messages, go again with the rest. Only where it is no request that has lost do both sides go by themselves, as
 * if they had never met, and each gets its own error.
 *
 * A lock that was not to be had may be that of a cursor, which is no trouble of the requests: they go at once, and `goBeside`
 * is given the consumer's units, to commit them without anybody waiting for it.
 */
export async function commitTogether<Event extends DomainEvent, Fact extends DomainEvent>(
  store: CommitStore<Event, Fact>,
  ahead: Ahead<Event, Fact>,
  batch: readonly Waiting<Event, Fact>[],
  goBeside: (ahead: Ahead<Event, Fact>) => void,
): Promise<void> {
  if (batch.length === 0) return commitAlone(store, ahead);
  try {
    const recorded = await store.commit([...ahead.units, ...batch.map((entry) => entry.unit)]);
    const count = ahead.units.reduce((sum, unit) => sum + countEvents(unit), 0);
    ahead.resolve(recorded.slice(0, count));
    settle(batch, recorded.slice(count));
  } catch (error) {
    if (isBusy(error)) {
      goBeside(ahead);
      await commitBatch(store, batch);
    } else if (concernsAll(error)) rejectAll([ahead, ...batch], error);
    else await commitAfterConflict(store, ahead, batch, goBeside);
  }
}

async function commitAfterConflict<Event extends DomainEvent, Fact extends DomainEvent>(
  store: CommitStore<Event, Fact>,
  ahead: Ahead<Event, Fact>,
  batch: readonly Waiting<Event, Fact>[],
  goBeside: (ahead: Ahead<Event, Fact>) => void,
): Promise<void> {
  let rest: readonly Waiting<Event, Fact>[];
  try {
    rest = await rejectLosers(store, batch);
  } catch (error) {
    rejectAll([ahead, ...batch], error);
    return;
  }
  // If the consumer has lost as well, that is found out here, by a second conflict.
  if (rest.length < batch.length) return commitTogether(store, ahead, rest, goBeside);
  await commitAlone(store, ahead);
  await commitBatch(store, rest);
}

/** Commits a consumer's units by themselves, and settles them once. Never throws. */
export async function commitAlone<Event extends DomainEvent, Fact extends DomainEvent>(
  store: CommitStore<Event, Fact>,
  { units, resolve, reject }: Ahead<Event, Fact>,
): Promise<void> {
  await store.commit(units).then(resolve, reject);
}

/** Gives each entry its own recorded events. */
function settle<Event extends DomainEvent, Fact extends DomainEvent>(
  batch: readonly Waiting<Event, Fact>[],
  recorded: readonly RecordedEvent<Event>[],
): void {
  let start = 0;
  for (const { unit, resolve } of batch) {
    const end = start + countEvents(unit);
    resolve(recorded.slice(start, end));
    start = end;
  }
}

/** Commits a batch and settles each of its entries once. Never throws. */
export async function commitBatch<Event extends DomainEvent, Fact extends DomainEvent>(
  store: CommitStore<Event, Fact>,
  batch: readonly Waiting<Event, Fact>[],
): Promise<void> {
  if (batch.length === 0) return;
  try {
    settle(batch, await store.commit(batch.map((entry) => entry.unit)));
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

/** True when a lock was not to be had: other transactions held it for too long. */
export function isBusy(error: unknown): boolean {
  return error instanceof AppError && error.code === 'database_busy';
}

async function commitSingly<Event extends DomainEvent, Fact extends DomainEvent>(
  store: CommitStore<Event, Fact>,
  batch: readonly Waiting<Event, Fact>[],
): Promise<void> {
  for (const entry of batch) await commitBatch(store, [entry]);
}

/**
 * Goes again without those that have lost. If there are none (a unique constraint, a row), each is committed alone, and
 * only the guilty one fails.
 */
async function commitWithoutLosers<Event extends DomainEvent, Fact extends DomainEvent>(
  store: CommitStore<Event, Fact>,
  batch: readonly Waiting<Event, Fact>[],
): Promise<void> {
  let rest: readonly Waiting<Event, Fact>[];
  try {
    rest = await rejectLosers(store, batch);
  } catch (error) {
    rejectAll(batch, error);
    return;
  }
  if (rest.length < batch.length) await commitBatch(store, rest);
  else await commitSingly(store, rest);
}

/**
 * Fails those of a batch that can never be written, and gives the rest; for after a conflict, when nothing of it is. A unit
 * whose stream is past the version that it expects has lost for good, since versions only grow. Throws what reading throws,
 * and has failed nobody then.
 */
async function rejectLosers<Event extends DomainEvent, Fact extends DomainEvent>(
  store: CommitStore<Event, Fact>,
  batch: readonly Waiting<Event, Fact>[],
): Promise<readonly Waiting<Event, Fact>[]> {
  const streamIds = batch.flatMap(({ unit }) => unit.streams.map((append) => append.streamId));
  const versions = await store.readVersions(streamIds);
  return batch.filter(({ unit, reject }) => {
    const lost = unit.streams.find(
      (append) => (versions.get(append.streamId) ?? 0) > append.expectedVersion,
    );
    if (lost !== undefined) reject(new ConflictError('version', lost.streamId));
    return lost === undefined;
  });
}

function rejectAll(batch: readonly { reject: (error: unknown) => void }[], error: unknown): void {
  for (const { reject } of batch) reject(error);
}
