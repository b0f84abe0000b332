// Loading a backup's tables beside those that are there, and putting them in their places when all of it is complete.
import path from 'node:path';
import type { Pool } from 'mysql2/promise';
import { operationalError } from '@orderflow/shared/runtime/database.ts';
import { tablesOf } from '../backup/dump.ts';
import type { SavedService, SavedTable } from '../backup/manifest.ts';
import { readTableFile, type RowValues } from '../backup/tableFile.ts';

/** What stands before the name of a table while it is loaded. */
export const LOADING = 'restoring_';
/** What stands before the name of a table that was replaced. */
export const REPLACED = 'replaced_';
const LOG_HEAD = 'log_head';
const LOG = 'events';
/** Rows and bytes of JSON of one INSERT; MariaDB's max_allowed_packet is 16 MiB by default. */
const BATCH_ROWS = 1_000;
const BATCH_BYTES = 4_194_304;

/** The name of a table while it is loaded. */
export function staged(table: string): string {
  return `${LOADING}${table}`;
}

/** Makes and fills all tables of a service under their names while loading. What an earlier attempt has left is dropped. */
export async function loadTables(pool: Pool, folder: string, saved: SavedService): Promise<void> {
  await dropLoaded(pool);
  for (const table of saved.tables) {
    await run(pool, createStatement(table));
    const batch = new InsertBatch(pool, table);
    await readTableFile(path.join(folder, table.file), (row) => batch.add(row));
    await batch.flush();
    if (batch.rows !== table.rows)
      throw new Error(`${table.file} has ${batch.rows} rows, the manifest says ${table.rows}`);
  }
}

function createStatement({ name, createTable }: SavedTable): string {
  const head = `CREATE TABLE \`${name}\``;
  if (!createTable.startsWith(head))
    throw new Error(`The manifest has no table ${name}: ${createTable}`);
  return `CREATE TABLE \`${staged(name)}\`${createTable.slice(head.length)}`;
}

/** Rows on their way into a table. */
class InsertBatch {
  rows = 0;
  readonly #pool: Pool;
  readonly #table: SavedTable;
  #waiting: unknown[][] = [];
  #bytes = 0;

  constructor(pool: Pool, table: SavedTable) {
    this.#pool = pool;
    this.#table = table;
  }

  async add(row: RowValues): Promise<void> {
    const { name, columns } = this.#table;
    if (row.length !== columns.length)
      throw new Error(
        `A row of ${name} has ${row.length} values, it has ${columns.length} columns`,
      );
    this.#waiting.push(
      row.map((value, index) =>
        columns[index]?.form === 'hex' && typeof value === 'string'
          ? Buffer.from(value, 'hex')
          : value,
      ),
    );
    for (const value of row) this.#bytes += typeof value === 'string' ? value.length : 8;
    if (this.#waiting.length >= BATCH_ROWS || this.#bytes >= BATCH_BYTES) await this.flush();
  }

  async flush(): Promise<void> {
    const rows = this.#waiting;
    if (rows.length === 0) return;
    this.#waiting = [];
    this.#bytes = 0;
    const columns = this.#table.columns.map(({ name }) => name);
    await run(this.#pool, 'INSERT INTO ?? (??) VALUES ?', [
      staged(this.#table.name),
      columns,
      rows,
    ]);
    this.rows += rows.length;
  }
}

/**
 * Takes the log head out of a database that is about to be replaced. Without it nothing can be appended: a process that
 * starts now, or that nobody has seen, fails instead of writing into one of two histories. And until the last database
 * has its new tables none of them gets its head: a restore that is broken off leaves nothing that works on a mixture.
 *
 * Where an earlier restore has taken the head out and was killed, that one is kept: it is the only one.
 */
export async function closeLog(pool: Pool): Promise<void> {
  if (!(await tablesOf(pool)).includes(LOG_HEAD)) return;
  // The log works, so what stands beside it was replaced by a restore that has come to its end.
  await dropTables(pool, REPLACED);
  await rename(pool, [[LOG_HEAD, REPLACED + LOG_HEAD]]);
}

/** Undoes `closeLog`, whoever has called it; not where the tables were switched since (`isSwitched`). */
export async function reopenLog(pool: Pool): Promise<void> {
  const tables = await tablesOf(pool);
  if (tables.includes(REPLACED + LOG_HEAD) && !tables.includes(LOG_HEAD))
    await rename(pool, [[REPLACED + LOG_HEAD, LOG_HEAD]]);
}

/**
 * True where a restore was broken off between `switchTables` and `openLog`: the old head, if it is still there, is not that
 * of the log that stands here.
 */
export async function isSwitched(pool: Pool): Promise<boolean> {
  const tables = await tablesOf(pool);
  if (tables.includes(LOG_HEAD) || !tables.includes(LOG)) return false;
  const isOnlyClosed = tables.includes(REPLACED + LOG_HEAD) && !tables.includes(REPLACED + LOG);
  return !isOnlyClosed;
}

/**
 * Puts the loaded tables in the places of those that are there, in one statement; all but the log head. Only tables with
 * the names `own` make place: no other is ever renamed, and so none is dropped with what was replaced.
 */
export async function switchTables(pool: Pool, own: ReadonlySet<string>): Promise<void> {
  if (await isSwitched(pool)) {
    // The tables of a restore that was broken off make place; what it has replaced goes, the head first: killed between
    // the two, the next restore would otherwise take it for that of the log that stands here.
    await run(pool, 'DROP TABLE IF EXISTS ??', [REPLACED + LOG_HEAD]);
    await dropTables(pool, REPLACED);
  }
  const tables = await tablesOf(pool);
  const loaded = tables.filter((name) => name.startsWith(LOADING) && name !== staged(LOG_HEAD));
  const old = tables.filter((name) => own.has(name));
  await rename(pool, [
    ...old.map((name) => [name, REPLACED + name] as const),
    ...loaded.map((name) => [name, name.slice(LOADING.length)] as const),
  ]);
}

/** Gives the log its head: from here on it can be worked on. */
export async function openLog(pool: Pool): Promise<void> {
  await rename(pool, [[staged(LOG_HEAD), LOG_HEAD]]);
}

/** Drops the tables that were loaded and not put in place. */
export function dropLoaded(pool: Pool): Promise<void> {
  return dropTables(pool, LOADING);
}

/** Drops the tables that were replaced. */
export function dropReplaced(pool: Pool): Promise<void> {
  return dropTables(pool, REPLACED);
}

async function dropTables(pool: Pool, prefix: string): Promise<void> {
  const names = (await tablesOf(pool)).filter((name) => name.startsWith(prefix));
  for (const name of names) await run(pool, 'DROP TABLE ??', [name]);
}

async function rename(pool: Pool, pairs: readonly (readonly [string, string])[]): Promise<void> {
  const clauses = pairs.map(() => '?? TO ??').join(', ');
  await run(pool, `RENAME TABLE ${clauses}`, pairs.flat());
}

async function run(pool: Pool, sql: string, values: readonly unknown[] = []): Promise<void> {
  try {
    await pool.query(sql, [...values]);
  } catch (error) {
    throw operationalError(error);
  }
}
