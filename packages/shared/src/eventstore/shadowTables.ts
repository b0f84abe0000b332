// The tables that a rebuild fills beside those of a read model, with the same folds; and where the two differ.
import type { Pool } from 'mysql2/promise';
import { z } from 'zod';
import { operationalError, queryRows } from '../runtime/database.ts';
import { GatheredTransaction, type Queryable, type Transaction } from '../runtime/transaction.ts';
import type { DomainEvent } from './decider.ts';
import { createProjectionEngine, keyOf, type RowsToLock } from './projectionEngine.ts';
import type { ColumnValue, Projection, ReadModelTable, Row } from './projection.ts';
import { lockRows, saveRows } from './readModelRows.ts';

/** How a row differs: it is not there, nobody's events have made it, or they have made another one of it. */
export type DifferenceKind = 'missing' | 'extra' | 'changed';

/** A row that differs, as it stands in the table and as its events give it. */
export interface RowDifference {
  readonly kind: DifferenceKind;
  readonly found: Row | undefined;
  readonly expected: Row | undefined;
}

/** A table beside its shadow. */
export interface TableDifference {
  readonly table: ReadModelTable;
  readonly rowsFound: number;
  readonly rowsExpected: number;
  readonly counts: Readonly<Record<DifferenceKind, number>>;
  /** The first of each kind. */
  readonly examples: readonly RowDifference[];
  /** Keys of rows that differ, in the table's order; not all where there are very many. */
  readonly keys: readonly (readonly ColumnValue[])[];
}

const EXAMPLES_LIMIT = 3;
/** A table's name has at most 64 characters. */
const SUFFIX = '__rebuild';

function shadowOf(table: ReadModelTable): ReadModelTable {
  return { ...table, name: `${table.name}${SUFFIX}` };
}

/** Makes the shadows empty, whatever an earlier rebuild has left. DDL: as a user who may. */
export async function makeShadows(pool: Pool, tables: readonly ReadModelTable[]): Promise<void> {
  await dropShadows(pool, tables);
  for (const table of tables)
    await pool.query('CREATE TABLE ?? LIKE ??', [shadowOf(table).name, table.name]);
}

/** Removes the shadows. */
export async function dropShadows(pool: Pool, tables: readonly ReadModelTable[]): Promise<void> {
  for (const table of tables) await pool.query('DROP TABLE IF EXISTS ??', [shadowOf(table).name]);
}

/** Makes the function that folds events into the shadows, as the store folds them into the tables. */
export function createShadowFold(
  projections: readonly Projection<DomainEvent>[],
): (transaction: Transaction, events: readonly DomainEvent[]) => Promise<void> {
  const engine = createProjectionEngine(projections);
  return async (transaction, events) => {
    const touched = engine.touchedRows(events);
    const found = await lockRows(
      transaction,
      touched.map(({ table, keys }) => ({ table: shadowOf(table), keys })),
    );
    const existing = touched.map(
      ({ table }) => [table.name, found.get(shadowOf(table).name) ?? []] as const,
    );
    const changes = engine.fold(events, new Map(existing), touched);
    saveRows(
      transaction,
      changes.map((change) => ({ ...change, table: shadowOf(change.table) })),
    );
    await transaction.send();
  };
}

/**
 * Puts the rows with these keys right: as the shadows have them. The rows must be locked by the transaction. Wrong
 * ones are taken out before right ones come in, so that two rows that have each other's unique value do not stand in
 * each other's way.
 */
export async function copyRows(
  transaction: Transaction,
  touched: readonly RowsToLock[],
): Promise<number> {
  const shadows = touched.map(({ table, keys }) => ({ table: shadowOf(table), keys }));
  const expected = await lockRows(transaction, shadows);
  const found = await lockRows(transaction, touched);
  let repaired = 0;
  const inserted = touched.map(({ table }) => {
    const right = byKey(table, expected.get(shadowOf(table).name) ?? []);
    const present = byKey(table, found.get(table.name) ?? []);
    const wrong = [...present].filter(([key, row]) => !isSame(table, row, right.get(key)));
    const due = [...right].filter(([key, row]) => !isSame(table, row, present.get(key)));
    for (const [, row] of wrong)
      transaction.later(`DELETE FROM ?? WHERE ${table.key.map(() => '?? = ?').join(' AND ')}`, [
        table.name,
        ...table.key.flatMap((column) => [column, row[column]]),
      ]);
    repaired += new Set([...wrong, ...due].map(([key]) => key)).size;
    return { table, inserted: due.map(([, row]) => row), updated: [] };
  });
  saveRows(transaction, inserted);
  await transaction.send();
  return repaired;
}

function byKey(table: ReadModelTable, rows: readonly Row[]): ReadonlyMap<string, Row> {
  return new Map(rows.map((row) => [JSON.stringify(keyOf(table, row)), row]));
}

function isSame(table: ReadModelTable, a: Row, b: Row | undefined): boolean {
  return b !== undefined && table.columns.every((column) => a[column] === b[column]);
}

const rowSchema = z.record(z.string(), z.union([z.string(), z.int(), z.null()]));

const KINDS = ['missing', 'extra', 'changed'] as const;

/** Compares a table with its shadow, as the connection sees both; gives at most so many keys of each kind. */
export async function compareWithShadow(
  connection: Queryable,
  table: ReadModelTable,
  keysLimit: number,
): Promise<TableDifference> {
  const shadow = shadowOf(table);
  const counts = { missing: 0, extra: 0, changed: 0 };
  const keys: (readonly ColumnValue[])[] = [];
  const examples: RowDifference[] = [];
  for (const kind of KINDS) {
    const [sql, values] = rowsThatDiffer(kind, table);
    counts[kind] = await countOf(connection, sql, values);
    if (counts[kind] === 0) continue;
    const select = table.key.map(() => (kind === 'missing' ? 'r.??' : 't.??')).join(', ');
    const rows = await queryRows(connection, rowSchema, `SELECT ${select} ${sql} LIMIT ?`, [
      ...[...table.key, ...values],
      keysLimit,
    ]);
    const found = rows.map((row) => keyOf(table, row));
    keys.push(...found);
    for (const key of found.slice(0, EXAMPLES_LIMIT))
      examples.push({
        kind,
        found: await rowAt(connection, table, key),
        expected: await rowAt(connection, shadow, key),
      });
  }
  return {
    ...{ table, counts, examples, keys },
    rowsFound: await countOf(connection, 'FROM ??', [table.name]),
    rowsExpected: await countOf(connection, 'FROM ??', [shadow.name]),
  };
}

/** Runs a transaction that reads as of one moment, and may write. Throws what `work` throws, and what the database does. */
export async function inSnapshot<T>(
  pool: Pool,
  work: (transaction: Transaction) => Promise<T>,
): Promise<T> {
  const connection = await pool.getConnection();
  try {
    // Of the next transaction alone.
    await connection.query('SET TRANSACTION ISOLATION LEVEL REPEATABLE READ');
    const transaction = new GatheredTransaction(connection);
    const result = await work(transaction);
    await transaction.commit();
    connection.release();
    return result;
  } catch (error) {
    connection.destroy();
    throw operationalError(error);
  }
}

/** FROM and WHERE of a query for rows that differ in this way; the table is `t`, its shadow `r`. */
function rowsThatDiffer(
  kind: DifferenceKind,
  table: ReadModelTable,
): readonly [string, readonly unknown[]] {
  const shadow = shadowOf(table);
  const on = table.key.map(() => 't.?? = r.??').join(' AND ');
  const onValues = table.key.flatMap((column) => [column, column]);
  if (kind === 'missing')
    return [
      `FROM ?? AS r LEFT JOIN ?? AS t ON ${on} WHERE t.?? IS NULL`,
      [shadow.name, table.name, ...onValues, table.key[0]],
    ];
  if (kind === 'extra')
    return [
      `FROM ?? AS t LEFT JOIN ?? AS r ON ${on} WHERE r.?? IS NULL`,
      [table.name, shadow.name, ...onValues, table.key[0]],
    ];
  const others = table.columns.filter((column) => !table.key.includes(column));
  // As bytes: a collation may take two texts for the same one.
  const same = ['TRUE', ...others.map(() => 'CAST(t.?? AS BINARY) <=> CAST(r.?? AS BINARY)')];
  return [
    `FROM ?? AS t JOIN ?? AS r ON ${on} WHERE NOT (${same.join(' AND ')})`,
    [table.name, shadow.name, ...onValues, ...others.flatMap((column) => [column, column])],
  ];
}

async function countOf(
  database: Queryable,
  from: string,
  values: readonly unknown[],
): Promise<number> {
  const sql = `SELECT COUNT(*) AS row_count ${from}`;
  const [row] = await queryRows(database, z.object({ row_count: z.int() }), sql, values);
  return row?.row_count ?? 0;
}

async function rowAt(
  database: Queryable,
  table: ReadModelTable,
  key: readonly ColumnValue[],
): Promise<Row | undefined> {
  const where = table.key.map(() => '?? = ?').join(' AND ');
  const [row] = await queryRows(database, rowSchema, `SELECT ?? FROM ?? WHERE ${where}`, [
    table.columns,
    table.name,
    ...table.key.flatMap((column, index) => [column, key[index]]),
  ]);
  return row;
}
