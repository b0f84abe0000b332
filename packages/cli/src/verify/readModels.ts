// The read models of one service, folded again from its events and compared with its tables, row for row (promise P6).
import type { DomainEvent } from '@orderflow/shared/eventstore/decider.ts';
import { keyOf, keyText } from '@orderflow/shared/eventstore/projectionEngine.ts';
import type {
  ColumnValue,
  Projection,
  ReadModelTable,
  Row,
  Rows,
} from '@orderflow/shared/eventstore/projection.ts';
import type { DataService } from '../config.ts';
import { FactRows, type RowWitness } from './factRows.ts';
import type { Findings } from './findings.ts';
import { readArrays, type Reader } from './rawEvents.ts';
import { RowStore } from './rowStore.ts';

const PAGE_ROWS = 2_000;

/** The read models of one service. */
export class ReadModels<Event extends DomainEvent> {
  readonly #service: DataService;
  readonly #projections: readonly Projection<Event>[];
  readonly #stores: ReadonlyMap<string, RowStore>;
  readonly #findings: Findings;
  readonly #rows: Rows;
  /** `table/key` of rows that cannot be judged, since an event that touches them is damaged. */
  readonly #unknown = new Set<string>();
  readonly #tablesOfFacts = new Set<string>();
  readonly #factRows = new FactRows();

  constructor(service: DataService, projections: readonly Projection<Event>[], findings: Findings) {
    this.#service = service;
    this.#projections = projections;
    this.#findings = findings;
    const tables = projections.flatMap((projection) => projection.tables);
    this.#stores = new Map(tables.map((table) => [table.name, new RowStore(table)]));
    this.#rows = {
      get: (table, ...key) => this.#store(table).get(key),
      put: (table, row) => {
        this.#store(table).put(row);
      },
    };
  }

  /** Folds an own event. `isBroken`: it cannot be trusted, so neither can the rows that it touches. */
  fold(event: Event, isBroken: boolean): void {
    for (const projection of this.#projections) {
      if (isBroken)
        for (const { table, key } of projection.rowsOf(event))
          this.#unknown.add(rowName(table, key));
      try {
        projection.apply(event, this.#rows);
      } catch {
        // It needs a row that is not there, or not as it should be: why, the stream tells.
        for (const { table, key } of projection.rowsOf(event))
          this.#unknown.add(rowName(table, key));
      }
    }
  }

  /** Folds another service's event. With a `witness` the rows are noted as they were before it. */
  foldFact(fact: Event, witness: RowWitness | undefined): void {
    for (const projection of this.#projections)
      for (const { table, key } of projection.rowsOf(fact)) {
        this.#tablesOfFacts.add(table);
        if (witness === undefined) continue;
        const store = this.#store(table);
        this.#factRows.noteBefore(
          rowName(table, key),
          textOf(store.table, store.get(key)),
          witness,
        );
      }
    this.fold(fact, false);
  }

  /** Notes what another service's event would make of the rows, without folding it: it has not been handled yet. */
  anticipate(fact: Event, witness: RowWitness): void {
    const rows: Rows = {
      get: (table, ...key) =>
        this.#factRows.ahead(rowName(table, key)) ?? this.#rows.get(table, ...key),
      put: (name, row) => {
        const { table } = this.#store(name);
        const state = textOf(table, row) ?? '';
        this.#factRows.noteAhead(rowName(name, keyOf(table, row)), row, state, witness);
      },
    };
    for (const projection of this.#projections)
      try {
        projection.apply(fact, rows);
      } catch {
        // It needs a row that is not there yet: nothing can be said of the rows behind it.
      }
  }

  /** Compares all tables with what was folded. `withoutFacts`: but those that others' messages fill. */
  async compare(reader: Reader, withoutFacts: boolean): Promise<void> {
    for (const [name, store] of this.#stores) {
      if (withoutFacts && this.#tablesOfFacts.has(name)) continue;
      store.seal();
      await this.#compareTable(reader, store);
    }
  }

  close(): void {
    for (const store of this.#stores.values()) store.close();
  }

  async #compareTable(reader: Reader, store: RowStore): Promise<void> {
    const { table } = store;
    const keyIndexes = table.key.map((column) => table.columns.indexOf(column));
    for await (const page of tablePages(reader, table, keyIndexes))
      for (const values of page) {
        this.#findings.checked('P6');
        const key = keyIndexes.map((index) => values[index] ?? null);
        const folded = store.take(key);
        if (folded === JSON.stringify(values)) continue;
        this.#tellDifference(table, key, values, folded);
      }
    for (const row of store.left()) {
      const key = keyOf(table, row);
      if (this.#unknown.has(rowName(table.name, key))) continue;
      const missing = `${this.#rowInWords(table, key)} is missing: the fold has ${JSON.stringify(row)}`;
      this.#findings.breach('P6', `${missing}${this.#orMovedOn(table, key, undefined)}`);
    }
  }

  #tellDifference(
    table: ReadModelTable,
    key: readonly ColumnValue[],
    values: readonly ColumnValue[],
    folded: string | undefined,
  ): void {
    if (this.#unknown.has(rowName(table.name, key))) return;
    const row = this.#rowInWords(table, key);
    const made = this.#factRows.madeBy(rowName(table.name, key), JSON.stringify(values));
    if (made !== undefined) {
      made.onHandled(row);
      return;
    }
    if (folded === undefined) {
      this.#findings.breach('P6', `${row} is there, but no event of the log makes it`);
      return;
    }
    const expected = JSON.parse(folded) as readonly ColumnValue[];
    const differences = table.columns.flatMap((column, index) =>
      values[index] === expected[index]
        ? []
        : [
            `${column} ${JSON.stringify(values[index])}, the fold ${JSON.stringify(expected[index])}`,
          ],
    );
    const orMovedOn = this.#orMovedOn(table, key, JSON.stringify(values));
    this.#findings.breach('P6', `${row} says ${differences.join('; ')}${orMovedOn}`);
  }

  /** A row that is as a message has found it: who has put it back, or moved the cursor on over the message, has done the same. */
  #orMovedOn(
    table: ReadModelTable,
    key: readonly ColumnValue[],
    state: string | undefined,
  ): string {
    const found = this.#factRows.foundBy(rowName(table.name, key), state);
    if (found === undefined) return '';
    return `: so it was before ${found.message}; the row was put back, or ${found.cursor} moved on over it`;
  }

  #rowInWords(table: ReadModelTable, key: readonly ColumnValue[]): string {
    return `row ${key.join('/')} of ${this.#service}.${table.name}`;
  }

  #store(table: string): RowStore {
    const store = this.#stores.get(table);
    if (store === undefined) throw new Error(`No projection of ${this.#service} owns ${table}`);
    return store;
  }
}

function rowName(table: string, key: readonly ColumnValue[]): string {
  return `${table}/${keyText(key)}`;
}

/** A row as it is compared: its columns as JSON, in the table's order. */
function textOf(table: ReadModelTable, row: Row | undefined): string | undefined {
  return row && JSON.stringify(table.columns.map((column) => row[column] ?? null));
}

/** A table in the order of its key, page by page. */
async function* tablePages(
  reader: Reader,
  table: ReadModelTable,
  keyIndexes: readonly number[],
): AsyncGenerator<readonly (readonly ColumnValue[])[]> {
  const select = `SELECT ${table.columns.join(', ')} FROM ${table.name}`;
  const order = `ORDER BY ${table.key.join(', ')} LIMIT ${PAGE_ROWS}`;
  let fetched = readArrays(reader, `${select} ${order}`, []);
  for (;;) {
    const page = (await fetched).map((row) => row.map(toColumnValue));
    const last = page.at(-1);
    const isLast = last === undefined || page.length < PAGE_ROWS;
    if (!isLast) {
      const [where, values] = behind(
        table.key,
        keyIndexes.map((index) => last[index] ?? null),
      );
      fetched = readArrays(reader, `${select} WHERE ${where} ${order}`, values);
      fetched.catch(() => undefined);
    }
    if (page.length > 0) yield page;
    if (isLast) return;
  }
}

/** The condition for keys behind this one. Written out: of `(a, b) > (?, ?)` the servers make no range. */
function behind(columns: readonly string[], key: readonly ColumnValue[]): [string, ColumnValue[]] {
  const [column = '', ...others] = columns;
  const [value = null, ...rest] = key;
  if (others.length === 0) return [`${column} > ?`, [value]];
  const [inner, values] = behind(others, rest);
  return [`(${column} > ? OR (${column} = ? AND ${inner}))`, [value, value, ...values]];
}

function toColumnValue(value: unknown): ColumnValue {
  if (value === null || typeof value === 'string' || typeof value === 'number') return value;
  throw new Error(`A read model holds a value of an unknown kind: ${JSON.stringify(value)}`);
}
