// The event store in memory, for tests and the simulation: the same contract, the same placing and folds, no I/O.
import { createCommitListeners } from './commitListeners.ts';
import type { DomainEvent } from './decider.ts';
import { parseStored } from './eventRows.ts';
import {
  ConflictError,
  type Cursor,
  type EventCodec,
  type EventStore,
  type KeptMessage,
  type ParkedPlace,
  type RecordedEvent,
  type Unit,
  type Wish,
} from './eventStore.ts';
import { findCursors, moveCursors } from './memoryCursors.ts';
import { parkedAfter, parkedReads, withWish } from './memoryParked.ts';
import { createMemorySnapshots, inRange, type SnapshotRow } from './memoryStreams.ts';
import { createTableDrafts, type UniqueKey } from './memoryTables.ts';
import { placeEvents, prepareAppends, type PlacedEvent, type Predecessor } from './placing.ts';
import { createProjectionEngine, foldedEvents } from './projectionEngine.ts';
import type { Projection, ReadModelTable, Row, TableChanges } from './projection.ts';

export interface MemoryEventStoreOptions<Event extends DomainEvent, Fact extends DomainEvent> {
  readonly codec: EventCodec<Event>;
  readonly projections: readonly Projection<Event | Fact>[];
  /** Tables beside the read models (for `inserts`). */
  readonly tables?: readonly ReadModelTable[];
  readonly uniqueKeys?: readonly UniqueKey[];
  /** What other stores, as other processes would, share with this one, and what outlives it; left out: its own. */
  readonly database?: MemoryDatabase<Event>;
  /** What each call waits for first; left out: a turn of the event loop. */
  readonly turn?: () => Promise<void>;
}

/** The contract, and a look at what would be in the tables. */
export interface MemoryEventStore<
  Event extends DomainEvent,
  Fact extends DomainEvent = never,
> extends EventStore<Event, Fact> {
  rows(table: string): readonly Row[];
  parked(): readonly KeptMessage[];
  /** By stream; those that do not match the log, which `readSnapshots` leaves out, are among them. */
  snapshots(): ReadonlyMap<string, SnapshotRow>;
  /** Writes a wish at a parked message, as an operator does. */
  wish(at: ParkedPlace, wish: Wish): void;
}

/** What a server would keep. `contents` may be put back to what they were, as a backup would. */
export interface MemoryDatabase<Event extends DomainEvent> {
  contents: Contents<Event>;
}

/** All that is stored. A commit works on a copy, and puts it in place of the old one when nothing has failed. */
export interface Contents<Event extends DomainEvent> {
  /** Of what is appended from now on. */
  readonly incarnation: number;
  readonly log: readonly PlacedEvent<Event>[];
  readonly heads: ReadonlyMap<string, Predecessor>;
  readonly cursors: ReadonlyMap<string, Cursor>;
  readonly parked: readonly KeptMessage[];
  readonly tables: ReadonlyMap<string, ReadonlyMap<string, Row>>;
}

/** Makes an empty database. */
export function createMemoryDatabase<Event extends DomainEvent>(): MemoryDatabase<Event> {
  return { contents: EMPTY };
}

/** Makes a store. Each call waits a turn of the event loop, so callers interleave as they would with a server. */
export function createMemoryEventStore<Event extends DomainEvent, Fact extends DomainEvent = never>(
  options: MemoryEventStoreOptions<Event, Fact>,
): MemoryEventStore<Event, Fact> {
  const listeners = createCommitListeners<Event>();
  const write = createWriter(options);
  const { database = createMemoryDatabase<Event>(), turn = turnOfTheLoop } = options;
  const read = createReader(options.codec);
  const snapshots = createMemorySnapshots();
  return {
    async commit(units) {
      await turn();
      const { log } = database.contents;
      const written = write(database.contents, units);
      database.contents = written.contents;
      const recorded = written.contents.log.slice(log.length).map((placed) => placed.recorded);
      listeners.notify(recorded, written.changes);
      return recorded;
    },
    async readStreams(streamIds, range) {
      await turn();
      const events = inRange(database.contents.log, streamIds, range).map(read);
      return Map.groupBy(events, (event) => event.streamId);
    },
    readSnapshots: (...of) => turn().then(() => snapshots.read(database.contents.log, ...of)),
    writeSnapshots: (...of) => snapshots.write(...of),
    async readVersions(streamIds) {
      await turn();
      const wanted = new Set(streamIds);
      const heads = [...database.contents.heads].filter(([streamId]) => wanted.has(streamId));
      return new Map(heads.map(([streamId, { version }]) => [streamId, version]));
    },
    readLog: (after, limit) =>
      turn().then(() => database.contents.log.slice(after, after + limit).map(read)),
    async head() {
      await turn();
      const { incarnation, log } = database.contents;
      return { incarnation, position: log.length };
    },
    ...createCursorReads(database, turn),
    onCommitted: listeners.add,
    rows: (table) => [...(database.contents.tables.get(table)?.values() ?? [])],
    parked: () => database.contents.parked,
    snapshots: snapshots.rows,
    wish(at, wish) {
      const { contents } = database;
      database.contents = { ...contents, parked: withWish(contents.parked, at, wish) };
    },
  };
}

/** What a consumer reads of its own place. */
function createCursorReads<Event extends DomainEvent>(
  database: MemoryDatabase<Event>,
  turn: () => Promise<void>,
): Pick<EventStore<Event>, 'readCursors' | 'readParkedKeys' | 'readParked' | 'readWishes'> {
  return {
    async readCursors(consumer, topic, partitions) {
      await turn();
      const { contents } = database;
      const { found, cursors } = findCursors(contents.cursors, consumer, topic, partitions);
      database.contents = { ...contents, cursors };
      return found;
    },
    ...parkedReads(() => turn().then(() => database.contents.parked)),
  };
}

/** Reads through JSON and the codec, as from a database: what they cannot carry is lost here, too. */
function createReader<Event extends DomainEvent>(codec: EventCodec<Event>) {
  return ({ recorded, stored }: PlacedEvent<Event>): RecordedEvent<Event> => ({
    ...recorded,
    ...parseStored({ ...stored, schema_version: stored.schemaVersion }, codec),
  });
}

const EMPTY: Contents<never> = {
  incarnation: 1,
  log: [],
  heads: new Map(),
  cursors: new Map(),
  parked: [],
  tables: new Map(),
};

function turnOfTheLoop(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}

type Write<Event extends DomainEvent, Fact extends DomainEvent> = (
  before: Contents<Event>,
  units: readonly Unit<Event, Fact>[],
) => { readonly contents: Contents<Event>; readonly changes: readonly TableChanges[] };

/**
 * The transaction, without a moment in it at which anybody else could run. As in MySQL, rows that an event says it makes
 * are looked for only when one was met.
 */
function createWriter<Event extends DomainEvent, Fact extends DomainEvent>(
  options: MemoryEventStoreOptions<Event, Fact>,
): Write<Event, Fact> {
  const engine = createProjectionEngine<Event | Fact>(options.projections);
  const writeOnce = (
    before: Contents<Event>,
    units: readonly Unit<Event, Fact>[],
    looksForNew: boolean,
  ): ReturnType<Write<Event, Fact>> => {
    const appends = prepareAppends(units, options.codec);
    const cursors = moveCursors(before.cursors, units);
    const parked = parkedAfter(before.parked, units);
    const drafts = createTableDrafts(before.tables, options.uniqueKeys ?? []);
    for (const { table, row } of units.flatMap((unit) => unit.inserts ?? []))
      drafts.insert(tableOf(options, table), row);
    const folded = foldedEvents(units);
    const touched = engine.touchedRows(folded);
    const existing = touched.map(({ table, keys, keysToRead }) => {
      const looked = looksForNew ? keys : keysToRead;
      return [table.name, drafts.find(table.name, looked)] as const;
    });
    const changes = engine.fold(folded, new Map(existing), touched);
    for (const { table, inserted, updated } of changes) {
      for (const row of inserted) drafts.insert(table, row);
      for (const row of updated) drafts.update(table, row);
    }
    const placed = placeEvents(appends, before.heads, {
      incarnation: before.incarnation,
      firstPosition: before.log.length + 1,
    });
    const heads = new Map(before.heads);
    for (const { recorded } of placed) heads.set(recorded.streamId, recorded);
    const log = [...before.log, ...placed];
    const contents = { ...before, log, heads, cursors, parked, tables: drafts.tables() };
    return { contents, changes };
  };
  return (before, units) => {
    try {
      return writeOnce(before, units, false);
    } catch (error) {
      if (!(error instanceof ConflictError) || error.kind !== 'row') throw error;
      return writeOnce(before, units, true);
    }
  };
}

function tableOf<Event extends DomainEvent, Fact extends DomainEvent>(
  options: MemoryEventStoreOptions<Event, Fact>,
  name: string,
): ReadModelTable {
  const table = options.tables?.find((candidate) => candidate.name === name);
  if (table === undefined) throw new Error(`The store in memory was not told of the table ${name}`);
  return table;
}
