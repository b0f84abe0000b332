// The tables of the store in memory, under change: keys are checked as a database would.
import { ConflictError, type RowInsert } from './eventStore.ts';
import { keyOf, keyText } from './projectionEngine.ts';
import type { ColumnValue, ReadModelTable, Row } from './projection.ts';

/** A named unique constraint of a table, as the migrations would make it. */
export interface UniqueKey {
  readonly name: string;
  readonly table: string;
  readonly columns: readonly string[];
}

/** A draft of all tables; throws ConflictError 'row' or 'unique' where a database would. Drop it to roll back. */
export function createTableDrafts(
  before: ReadonlyMap<string, ReadonlyMap<string, Row>>,
  uniqueKeys: readonly UniqueKey[],
) {
  const tables = new Map([...before].map(([name, rows]) => [name, new Map(rows)]));
  const rowsOf = (name: string): Map<string, Row> => {
    const rows = tables.get(name) ?? new Map<string, Row>();
    tables.set(name, rows);
    return rows;
  };
  const checkUnique = (table: ReadModelTable, row: Row): void => {
    const own = keyText(keyOf(table, row));
    for (const { name, columns } of uniqueKeys.filter((key) => key.table === table.name)) {
      const values = (other: Row) => keyText(columns.map((column) => other[column] ?? null));
      for (const [key, other] of rowsOf(table.name))
        if (key !== own && values(other) === values(row)) throw new ConflictError('unique', name);
    }
  };
  const put = (table: ReadModelTable, row: Row): void => {
    checkUnique(table, row);
    rowsOf(table.name).set(keyText(keyOf(table, row)), row);
  };
  return {
    find: (name: string, keys: readonly (readonly ColumnValue[])[]): readonly Row[] =>
      keys.map((key) => rowsOf(name).get(keyText(key))).filter((row) => row !== undefined),
    insert(table: ReadModelTable, row: RowInsert['row']): void {
      if (rowsOf(table.name).has(keyText(keyOf(table, row))))
        throw new ConflictError('row', table.name);
      put(table, row);
    },
    update: put,
    tables: (): ReadonlyMap<string, ReadonlyMap<string, Row>> => tables,
  };
}
