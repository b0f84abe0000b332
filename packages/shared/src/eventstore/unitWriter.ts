// What one transaction of the MySQL store writes, and in which order it takes its locks.
import type { Transaction } from '../runtime/transaction.ts';
import { appendEvents } from './appendEvents.ts';
import { insertParked, moveCursors } from './cursorRows.ts';
import type { DomainEvent } from './decider.ts';
import { readStreamHeads } from './eventRows.ts';
import type { Unit } from './eventStore.ts';
import type { LogPlace, LogPositions } from './logHead.ts';
import { redriveParked } from './parkedRows.ts';
import {
  placeEvents,
  splitByKnownHead,
  type PlacedEvent,
  type Predecessor,
  type PreparedAppend,
} from './placing.ts';
import { createProjectionEngine, foldedEvents } from './projectionEngine.ts';
import type { Projection, TableChanges } from './projection.ts';
import { insertRowsBeside, lockRows, saveRows } from './readModelRows.ts';

/** What a transaction has written: its events with their places, and the read models' rows. */
export interface Written<Event extends DomainEvent> {
  readonly placed: readonly PlacedEvent<Event>[];
  /** Where `placed` begins. */
  readonly place?: LogPlace;
  readonly changes: readonly TableChanges[];
}

/** How the units are written: what an attempt has taught the next. */
export interface WriteManner {
  /** Looks also for rows that an event says it makes, after one was met. */
  readonly looksForNew: boolean;
  /** Foresees its place, if that can be. */
  readonly mayForesee: boolean;
}

/** Writes the units in the transaction. What its last packet holds goes out with COMMIT. */
export type WriteUnits<Event extends DomainEvent, Fact extends DomainEvent> = (
  transaction: Transaction,
  units: readonly Unit<Event, Fact>[],
  appends: readonly PreparedAppend<Event>[],
  manner: WriteManner,
) => Promise<Written<Event>>;

/**
 * Makes the writer of a schema. It throws ConflictErrors of every kind; the transaction must then be rolled back.
 * One lock order for all: cursors (sorted), parked messages, rows beside the events (by table and unique value),
 * read-model rows that exist (sorted), those that are new (sorted), log head, events. Two transactions that want the
 * same things meet at the first of them, so hardly ever waits one for another that waits for it; where they do (see
 * readModelRows), the server ends one of the two, and it is run again.
 */
export function createUnitWriter<Event extends DomainEvent, Fact extends DomainEvent>(
  projections: readonly Projection<Event | Fact>[],
  positions: LogPositions,
): WriteUnits<Event, Fact> {
  const engine = createProjectionEngine(projections);
  return async (transaction, units, appends, { looksForNew, mayForesee }) => {
    moveCursors(
      transaction,
      units.flatMap((unit) => unit.cursors ?? []),
    );
    const parked = units.flatMap((unit) => unit.parked ?? []);
    // Whether the cursors are still ours is looked at first: another owner has parked the same messages then, and the
    // duplicate would be all that is told.
    if (parked.length > 0) await transaction.send();
    await insertParked(transaction, parked);
    for (const { redrive } of units) if (redrive !== undefined) redriveParked(transaction, redrive);
    insertRowsBeside(
      transaction,
      units.flatMap((unit) => unit.inserts ?? []),
    );
    const folded = foldedEvents(units);
    const touched = engine.touchedRows(folded);
    const mayExist = touched.map(({ table, keysToRead }) => ({ table, keys: keysToRead }));
    const existing = await lockRows(transaction, looksForNew ? touched : mayExist);
    const changes = engine.fold(folded, existing, touched);
    saveRows(transaction, changes);
    if (appends.length === 0) return { placed: [], changes };
    // Once the positions are taken nobody else can append to this schema: the head's lock is held until the commit. That
    // makes an assertion (an append without events) hold: the version that is read then is still there when we commit.
    const count = appends.reduce((sum, append) => sum + append.events.length, 0);
    const foreseen = mayForesee && count > 0 ? positions.foresee() : undefined;
    const { log, heads } = await findPlace(transaction, appends, positions, { count, foreseen });
    const placed = placeEvents(appends, heads, log);
    appendEvents(transaction, placed, log);
    return { placed, place: log, changes };
  };
}

interface FoundPlace {
  readonly log: LogPlace;
  readonly heads: ReadonlyMap<string, Predecessor>;
}

/** Where the events go. Foreseen only if no head must be read: that is done under the head's lock. */
async function findPlace(
  transaction: Transaction,
  appends: readonly PreparedAppend<DomainEvent>[],
  positions: LogPositions,
  { count, foreseen }: { readonly count: number; readonly foreseen: LogPlace | undefined },
): Promise<FoundPlace> {
  if (foreseen !== undefined) {
    const { known, toRead } = splitByKnownHead(appends, foreseen.incarnation);
    if (toRead.length === 0) return { log: foreseen, heads: known };
  }
  const log = await positions.take(transaction, count);
  const { known, toRead } = splitByKnownHead(appends, log.incarnation);
  const read = await readStreamHeads(transaction, toRead);
  return { log, heads: new Map([...known, ...read]) };
}
