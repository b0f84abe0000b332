// The engine under every read model: which rows a transaction touches, and what the folds make of them. No I/O.
import type { DomainEvent } from './decider.ts';
import type { Unit } from './eventStore.ts';
import type {
  ColumnValue,
  Projection,
  ReadModelTable,
  Row,
  RowKey,
  Rows,
  TableChanges,
} from './projection.ts';

/** Rows of one table, sorted by key. */
export interface RowsToLock {
  readonly table: ReadModelTable;
  readonly keys: readonly (readonly ColumnValue[])[];
}

/** The rows of one table that a transaction touches. */
export interface TouchedRows extends RowsToLock {
  /** Those of the keys whose rows may be there already: all but those that an event makes. */
  readonly keysToRead: readonly (readonly ColumnValue[])[];
}

/** The folds of one service. */
export interface ProjectionEngine<Event extends DomainEvent> {
  /** The rows that these events touch, in the order in which all transactions lock them. */
  touchedRows(events: readonly Event[]): readonly TouchedRows[];
  /**
   * Folds the events into the rows that exist of those touched, which `touchedRows` has told of the same events. Throws if
   * a fold reads or writes a row that its `rowsOf` did not name (it was not locked), or writes one with missing, unknown or
   * unstorable columns: a bug.
   */
  fold(
    events: readonly Event[],
    existing: ExistingRows,
    touched: readonly TouchedRows[],
  ): readonly TableChanges[];
}

/** The rows that exist, by table name. */
export type ExistingRows = ReadonlyMap<string, readonly Row[]>;

/** All that the read models fold, in order: of each unit its facts, then its own events. Never their positions. */
export function foldedEvents<Event extends DomainEvent, Fact extends DomainEvent>(
  units: readonly Unit<Event, Fact>[],
): readonly (Event | Fact)[] {
  return units.flatMap((unit) => [
    ...(unit.facts ?? []),
    ...unit.streams.flatMap((append) => append.events.map(({ event }) => event)),
  ]);
}

/** A row's key as a map's key. (Most keys are one value, and this is asked several times for each row of a batch.) */
export function keyText(key: readonly ColumnValue[]): string {
  const [first] = key;
  if (key.length === 1 && typeof first === 'number') return String(first);
  // No other text begins with a quote: arrays begin with a bracket, numbers with a digit or a sign.
  if (key.length === 1 && typeof first === 'string') return `"${first}`;
  return JSON.stringify(key);
}

/** The key of a row. */
export function keyOf(table: ReadModelTable, row: Row): readonly ColumnValue[] {
  return table.key.map((column) => row[column] ?? null);
}

/** Builds the engine of some projections. Throws if two of them own one table. */
export function createProjectionEngine<Event extends DomainEvent>(
  projections: readonly Projection<Event>[],
): ProjectionEngine<Event> {
  const tables = new Map<string, ReadModelTable>();
  for (const table of projections.flatMap((projection) => projection.tables)) {
    if (tables.has(table.name)) throw new Error(`Two projections own the table ${table.name}`);
    tables.set(table.name, table);
  }
  return {
    touchedRows(events) {
      const keys = projections.flatMap((projection) =>
        events.flatMap((event) => projection.rowsOf(event)),
      );
      return sortedByTable(keys, tables);
    },
    fold(events, existing, touched) {
      const drafts = touched.map((rowsOfTable) =>
        createDraft(rowsOfTable, existing.get(rowsOfTable.table.name) ?? []),
      );
      const rows = createRows(drafts);
      for (const event of events)
        for (const projection of projections) projection.apply(event, rows);
      return drafts.map((draft) => draft.changes());
    },
  };
}

function sortedByTable(
  keys: readonly RowKey[],
  tables: ReadonlyMap<string, ReadModelTable>,
): readonly TouchedRows[] {
  const byTable = Map.groupBy(keys, (key) => key.table);
  return [...byTable.keys()].sort().map((name) => {
    const table = tables.get(name);
    if (table === undefined) throw new Error(`No projection owns the table ${name}`);
    const named = byTable.get(name) ?? [];
    const unique = new Map(named.map(({ key }) => [keyText(key), key]));
    const sorted = [...unique.values()].sort(compareKeys);
    const made = new Set(named.flatMap(({ key, isNew }) => (isNew === true ? [keyText(key)] : [])));
    const keysToRead = made.size === 0 ? sorted : sorted.filter((key) => !made.has(keyText(key)));
    return { table, keys: sorted, keysToRead };
  });
}

/** As the server sorts a primary key of numbers and binary texts, so that locks are taken in its order. */
export function compareKeys(a: readonly ColumnValue[], b: readonly ColumnValue[]): number {
  for (const [index, left] of a.entries()) {
    const right = b[index];
    if (left === right) continue;
    return left === null || right === undefined || right === null || left < right ? -1 : 1;
  }
  return 0;
}

interface Draft {
  readonly table: ReadModelTable;
  get(key: readonly ColumnValue[]): Row | undefined;
  put(row: Row): void;
  changes(): TableChanges;
}

function createDraft({ table, keys }: TouchedRows, existing: readonly Row[]): Draft {
  const named = new Set(keys.map(keyText));
  const before = new Map(existing.map((row) => [keyText(keyOf(table, row)), row]));
  const put = new Map<string, Row>();
  const guard = (key: readonly ColumnValue[]): string => {
    const text = keyText(key);
    if (!named.has(text)) throw new Error(`A fold uses row ${text} of ${table.name} unnamed`);
    return text;
  };
  return {
    table,
    get(key) {
      const text = guard(key);
      return put.get(text) ?? before.get(text);
    },
    put(row) {
      assertStorable(table, row);
      put.set(guard(keyOf(table, row)), row);
    },
    changes() {
      const inOrder = keys.map(keyText).filter((text) => put.has(text));
      const rowsAt = (texts: readonly string[]): readonly Row[] =>
        texts.map((text) => put.get(text)).filter((row) => row !== undefined);
      return {
        table,
        inserted: rowsAt(inOrder.filter((text) => !before.has(text))),
        updated: rowsAt(inOrder.filter((text) => before.has(text))),
      };
    },
  };
}

function createRows(drafts: readonly Draft[]): Rows {
  const byName = new Map(drafts.map((draft) => [draft.table.name, draft]));
  const draftOf = (name: string): Draft => {
    const draft = byName.get(name);
    if (draft === undefined) throw new Error(`A fold uses table ${name}, but named no row of it`);
    return draft;
  };
  return {
    get: (name, ...key) => draftOf(name).get(key),
    put: (name, row) => {
      draftOf(name).put(row);
    },
  };
}

function assertStorable(table: ReadModelTable, row: Row): void {
  const given = Object.keys(row);
  const fits =
    given.length === table.columns.length && given.every((c) => table.columns.includes(c));
  if (!fits)
    throw new Error(
      `A row of ${table.name} has ${table.columns.join()}, a fold gave ${given.join()}`,
    );
  for (const column of given) {
    const value = row[column];
    if (typeof value === 'number' && !Number.isSafeInteger(value))
      throw new Error(`Column ${column} of ${table.name} cannot hold ${value}: whole numbers only`);
  }
}
