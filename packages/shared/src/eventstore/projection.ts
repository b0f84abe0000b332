// Read models as pure folds: the same function keeps the table up to date, rebuilds it, and checks it.
import type { DomainEvent } from './decider.ts';

/** A column's value. Times are ISO 8601 text in the domain's own words, so a rebuild gives the same bytes. */
export type ColumnValue = string | number | null;

/** A row, by column name. */
export type Row = Readonly<Record<string, ColumnValue>>;

/** A read model's table: its name, its primary key's columns, and all columns (key included). */
export interface ReadModelTable {
  readonly name: string;
  readonly key: readonly string[];
  readonly columns: readonly string[];
}

/** What the folds of a transaction have made of a table: rows that were not there, and rows that were, each by key. */
export interface TableChanges {
  readonly table: ReadModelTable;
  readonly inserted: readonly Row[];
  readonly updated: readonly Row[];
}

/** Names one row: the values of the key's columns, in their order. */
export interface RowKey {
  readonly table: string;
  readonly key: readonly ColumnValue[];
  /**
   * True if the event makes the row: then nobody looks for it first, and a fold is told that it is not there. Should it
   * stand there after all (an earlier build wrote it), the transaction is run again, and looks.
   */
  readonly isNew?: boolean;
}

/** The rows that a fold may read and write: those its `rowsOf` named. */
export interface Rows {
  get(table: string, ...key: readonly ColumnValue[]): Row | undefined;
  put(table: string, row: Row): void;
}

/**
 * A read model. `rowsOf` names the rows that an event touches (they are locked and loaded together, in one order for
 * all transactions, so that two of them cannot wait for each other); `apply` folds the event into them.
 */
export interface Projection<Event extends DomainEvent> {
  readonly name: string;
  readonly tables: readonly ReadModelTable[];
  rowsOf(event: Event): readonly RowKey[];
  apply(event: Event, rows: Rows): void;
}
