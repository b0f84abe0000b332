// The event store in MySQL: one transaction, one lock order, positions from the log head.
import type { Pool } from 'mysql2/promise';
import { AppError } from '../runtime/appError.ts';
import { inTransaction } from '../runtime/database.ts';
import { failpoint } from '../runtime/failpoints.ts';
import { createCommitListeners } from './commitListeners.ts';
import { haveMoved, readCursorRows, readParkedKeyRows } from './cursorRows.ts';
import type { DomainEvent } from './decider.ts';
import { areInLog, readLogEvents, readStreamEvents, readStreamVersions } from './eventRows.ts';
import { ConflictError, type EventCodec, type EventStore, type Unit } from './eventStore.ts';
import {
  createLogPositions,
  HeadMovedError,
  lockLogHead,
  raiseFence,
  readLogHead,
} from './logHead.ts';
import { areRedriven, readParkedRows, readWishRows } from './parkedRows.ts';
import { prepareAppends } from './placing.ts';
import type { Projection } from './projection.ts';
import { snapshotsIn } from './snapshots.ts';
import { createUnitWriter, type WriteManner, type Written } from './unitWriter.ts';

/** A transaction is run this often at most: again when a read-model row was made meanwhile, and once when a place was foreseen. */
const ATTEMPTS = 4;

/** What a store needs. Projections fold the service's own events and others' facts. */
export interface MysqlEventStoreOptions<Event extends DomainEvent, Fact extends DomainEvent> {
  readonly pool: Pool;
  readonly codec: EventCodec<Event>;
  readonly projections: readonly Projection<Event | Fact>[];
}

/** Opens the store of one schema. See `EventStore` for what each function promises. */
export function createMysqlEventStore<Event extends DomainEvent, Fact extends DomainEvent = never>(
  options: MysqlEventStoreOptions<Event, Fact>,
): EventStore<Event, Fact> {
  const { pool, codec } = options;
  const write = createWrite(options);
  const listeners = createCommitListeners<Event>();
  return {
    async commit(units) {
      const { placed, changes } = await write(units);
      failpoint(`${authorOf(units)}.committed`);
      const recorded = placed.map((event) => event.recorded);
      listeners.notify(recorded, changes);
      return recorded;
    },
    readStreams: (streamIds, range) => readStreamEvents(pool, codec, streamIds, range),
    ...snapshotsIn(pool),
    readVersions: (streamIds) => readStreamVersions(pool, streamIds),
    readLog: (after, limit) => readLogEvents(pool, codec, after, limit),
    async head() {
      const { incarnation, position } = await readLogHead(pool);
      return { incarnation, position };
    },
    readCursors: (...of) => readCursorRows(pool, ...of),
    readParkedKeys: (consumer, topic) => readParkedKeyRows(pool, consumer, topic),
    readParked: (...of) => readParkedRows(pool, ...of),
    readWishes: (consumer) => readWishRows(pool, consumer),
    onCommitted: listeners.add,
  };
}

/** Writes units in one transaction; again where somebody was first, from the row that was met, or with positions waited for. */
function createWrite<Event extends DomainEvent, Fact extends DomainEvent>({
  pool,
  codec,
  projections,
}: MysqlEventStoreOptions<Event, Fact>): (
  units: readonly Unit<Event, Fact>[],
) => Promise<Written<Event>> {
  const positions = createLogPositions();
  const writeUnits = createUnitWriter<Event, Fact>(projections, positions);

  async function writeOnce(
    units: readonly Unit<Event, Fact>[],
    manner: WriteManner,
  ): Promise<Written<Event>> {
    const appends = prepareAppends(units, codec);
    failpoint(`${authorOf(units)}.before-transaction`);
    let written: Written<Event> = { placed: [], changes: [] };
    try {
      return await inTransaction(pool, async (connection) => {
        written = await writeUnits(connection, units, appends, manner);
        failpoint(`${authorOf(units)}.in-transaction`);
        return written;
      });
    } catch (error) {
      if (!(error instanceof AppError) || error.code !== 'commit_unknown') throw error;
      if (await wasCommitted(pool, units, written)) return written;
      positions.noteMoved();
      throw new AppError('not_committed', 'The connection broke at COMMIT; nothing was written', {
        retryable: true,
        cause: error,
      });
    }
  }

  return async (units) => {
    let manner: WriteManner = { looksForNew: false, mayForesee: true };
    for (let attempt = 1; ; attempt += 1) {
      try {
        const written = await writeOnce(units, manner);
        positions.noteCommitted(written.placed.map(({ recorded }) => recorded));
        return written;
      } catch (error) {
        const isMoved = error instanceof HeadMovedError;
        const isRow = error instanceof ConflictError && error.kind === 'row';
        if (isMoved) positions.noteMoved();
        if ((!isMoved && !isRow) || attempt === ATTEMPTS) throw error;
        // With positions that are waited for, the events are alone in the last packet, and what fails there is surely
        // theirs: a position that is given twice, in a damaged log, must not look like a row that somebody has made.
        manner = { looksForNew: manner.looksForNew || isRow, mayForesee: false };
      }
    }
  };
}

/** A consumer's units move its cursors; requests that are committed with them come behind. */
function authorOf([first]: readonly Unit<DomainEvent, DomainEvent>[]): 'consumer' | 'request' {
  return first?.cursors === undefined ? 'request' : 'consumer';
}

/**
 * Whether a transaction happened whose answer to COMMIT was lost. Its session may still live on the server, and be
 * about to commit: a plain read could say 'no' too early. So this waits for the lock that the session held when it was
 * sent COMMIT, the log head's or a cursor's; once it is ours, the session has ended in one way or the other. Events prove
 * it by position and hash, a transaction without events by the cursors that it moved, and by the parked messages that it
 * removed or answered: a redrive leaves its cursor where it was.
 *
 * Where the events' place was foreseen, the session takes the head's lock with the packet of its COMMIT. A server that was
 * frozen may hold that packet unread: then the lock is free, and 'no' would be too early again. So with 'no' the fence is
 * raised, and the UPDATE of that packet finds no row whenever it runs.
 *
 * If it cannot be told now (the database is away, the fence not surely raised, or nothing was written that proves it):
 * throws AppError 'commit_unknown'. Who tries again then is safe: versions and cursors decide.
 */
async function wasCommitted(
  pool: Pool,
  units: readonly Unit<DomainEvent, DomainEvent>[],
  { placed, place }: Written<DomainEvent>,
): Promise<boolean> {
  const moves = units.flatMap((unit) => unit.cursors ?? []);
  const redrives = units.flatMap(({ redrive }) => (redrive === undefined ? [] : [redrive]));
  const isProvable = placed.length > 0 || moves.length > 0;
  try {
    if (!isProvable) throw new Error('No event and no cursor would prove it');
    return await inTransaction(pool, async (connection) => {
      if (placed.length === 0)
        return (await haveMoved(connection, moves)) && areRedriven(connection, redrives);
      await lockLogHead(connection);
      if (await areInLog(connection, placed)) return true;
      if (place?.fence !== undefined) raiseFence(connection);
      return false;
    });
  } catch (error) {
    throw new AppError('commit_unknown', 'The connection broke at COMMIT: it may have happened', {
      retryable: isProvable,
      cause: error,
    });
  }
}
