// Read models in MySQL: loads and locks the rows that a transaction touches, and writes what the folds have made of them.
import type { QueryResult } from 'mysql2/promise';
import { z } from 'zod';
import { duplicateKey } from '../runtime/database.ts';
import type { Later, Transaction } from '../runtime/transaction.ts';
import { EVENTS_KEY } from './appendEvents.ts';
import { ConflictError, type RowInsert } from './eventStore.ts';
import type { ExistingRows, RowsToLock } from './projectionEngine.ts';
import type { ReadModelTable, Row, TableChanges } from './projection.ts';

/** Rows in one statement at most. */
const CHUNK_ROWS = 1_000;

// Texts and whole numbers only: a DATETIME or DECIMAL would come back as something else than what was put.
const rowSchema = z.record(z.string(), z.union([z.string(), z.int(), z.null()]));

/**
 * Writes rows that are no read model, by table and then by the value that may be given once: an insert waits for an
 * uncommitted one of the same value, so two transactions with the same values in different orders would wait for each
 * other. When they are sent: ConflictError 'unique' or 'row'.
 */
export function insertRowsBeside(transaction: Transaction, inserts: readonly RowInsert[]): void {
  const byTable = Map.groupBy(inserts, (insert) => insert.table);
  const names = [...byTable.keys()].sort();
  // As in saveRows: the statements share a packet, so which of the tables it was is not told.
  const conflict = conflictIn(names.join(' or '));
  for (const name of names) {
    for (const { row } of (byTable.get(name) ?? []).toSorted(byUniqueValue)) {
      const columns = Object.keys(row);
      insertRows(transaction, name, columns, [row], conflict);
    }
  }
}

function byUniqueValue(a: RowInsert, b: RowInsert): number {
  const [left, right] = [a, b].map(({ row, uniqueColumn = '' }) => String(row[uniqueColumn] ?? ''));
  if (left === right || left === undefined || right === undefined) return 0;
  return left < right ? -1 : 1;
}

/**
 * Loads the touched rows that exist and locks them, all transactions in the same order: tables by name, rows by primary
 * key. Rows that do not exist cannot be locked (READ COMMITTED has no gap locks): their plain INSERT finds out who was
 * first. That is also where the order ends: a new row of an early table comes after the locks on a later one, so two
 * transactions that make the same row while they share another can meet in a deadlock. One of them is then run again.
 */
export async function lockRows(
  transaction: Transaction,
  touched: readonly RowsToLock[],
): Promise<ExistingRows> {
  const existing = new Map<string, Row[]>();
  for (const { table, keys } of touched) {
    const rows: Row[] = [];
    for (const chunk of chunksOf(keys)) {
      existing.set(table.name, rows);
      transaction.later(...lockStatement(table, chunk), {
        use: (result) => rows.push(...rowsOf(result)),
      });
    }
  }
  if (existing.size > 0) await transaction.send();
  return existing;
}

function rowsOf(result: QueryResult): readonly Row[] {
  return z.array(rowSchema).parse(result);
}

function lockStatement(table: ReadModelTable, keys: RowsToLock['keys']): [string, unknown[]] {
  const [single] = table.key;
  const isSingle = table.key.length === 1;
  // Forced, as a small table would otherwise be scanned, and every row on the way locked.
  return [
    `SELECT ?? FROM ?? FORCE INDEX (PRIMARY) WHERE ${isSingle ? '??' : '(??)'} IN (?)
      ORDER BY ?? FOR UPDATE`,
    [
      table.columns,
      table.name,
      isSingle ? single : table.key,
      isSingle ? keys.map(([value]) => value) : keys,
      table.key,
    ],
  ];
}

/**
 * Writes what the folds have made, with the transaction's next packet. Then: ConflictError 'row' if somebody has made a
 * new row first (fold again, from that row), 'unique' if a named constraint is broken.
 */
export function saveRows(transaction: Transaction, changes: readonly TableChanges[]): void {
  // Which of the tables it was is not told: the statements share a packet.
  const conflict = conflictIn(changes.map(({ table }) => table.name).join(' or '));
  for (const { table, inserted, updated } of changes) {
    for (const chunk of chunksOf(inserted))
      insertRows(transaction, table.name, table.columns, chunk, conflict);
    for (const chunk of chunksOf(updated)) updateRows(transaction, table, chunk, conflict);
  }
}

function insertRows(
  transaction: Transaction,
  table: string,
  columns: readonly string[],
  rows: readonly Row[],
  conflict: Later,
): void {
  const values = [table, columns, valuesOf(columns, rows)];
  transaction.later('INSERT INTO ?? (??) VALUES ?', values, conflict);
}

/**
 * Rewrites rows that exist and are locked, in one statement: their INSERT always meets the primary key first and turns
 * into the UPDATE. (`VALUES(column)`, since MariaDB does not know MySQL's newer `AS new`.)
 */
function updateRows(
  transaction: Transaction,
  table: ReadModelTable,
  rows: readonly Row[],
  conflict: Later,
): void {
  const changing = table.columns.filter((column) => !table.key.includes(column));
  if (changing.length === 0) return;
  const assignments = changing.map(() => '?? = VALUES(??)').join(', ');
  transaction.later(
    `INSERT INTO ?? (??) VALUES ? ON DUPLICATE KEY UPDATE ${assignments}`,
    [
      table.name,
      table.columns,
      valuesOf(table.columns, rows),
      ...changing.flatMap((column) => [column, column]),
    ],
    conflict,
  );
}

function valuesOf(columns: readonly string[], rows: readonly Row[]): unknown[][] {
  return rows.map((row) => columns.map((column) => row[column]));
}

function conflictIn(tables: string): Later {
  return {
    meaning(error) {
      const duplicate = duplicateKey(error);
      // Events may share the packet: what a taken version means is theirs to say.
      if (duplicate === undefined || duplicate.key === EVENTS_KEY) return error;
      // Without its cause: the server's message quotes the value, which may be personal.
      return duplicate.key === 'PRIMARY'
        ? new ConflictError('row', tables)
        : new ConflictError('unique', duplicate.key);
    },
  };
}

function chunksOf<T>(items: readonly T[]): readonly (readonly T[])[] {
  const chunks: (readonly T[])[] = [];
  for (let start = 0; start < items.length; start += CHUNK_ROWS)
    chunks.push(items.slice(start, start + CHUNK_ROWS));
  return chunks;
}
