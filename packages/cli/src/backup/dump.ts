// One database as it is in a snapshot, written table by table.
import { mkdir } from 'node:fs/promises';
import path from 'node:path';
import type { PoolConnection, RowDataPacket } from 'mysql2/promise';
import { z } from 'zod';
import { queryRows } from '@orderflow/shared/runtime/database.ts';
import type { Queryable } from '@orderflow/shared/runtime/transaction.ts';
import type { DataService } from '../config.ts';
import type { Snapshot } from '../cut.ts';
import type { SavedColumn, SavedService, SavedTable } from './manifest.ts';
import { rowValuesSchema, writeTableFile, type RowValues } from './tableFile.ts';

/** Rows read at once; an event has 64 KiB at most, so a page stays below 32 MiB. */
const PAGE_ROWS = 500;

/**
 * Writes all tables of a service's database into `folder/<service>`, whatever they are: a list of them would miss the
 * next one. Throws an Error when the database is not that of a migrated service.
 */
export async function dumpService(
  folder: string,
  service: DataService,
  { connection, incarnation, position }: Omit<Snapshot, 'openedAt'>,
): Promise<SavedService> {
  await mkdir(path.join(folder, service), { mode: 0o700 });
  const { database, server } = await describe(connection);
  const tables: SavedTable[] = [];
  for (const name of await tablesOf(connection))
    tables.push(await dumpTable(folder, `${service}/${name}.ndjson.gz`, connection, name));
  const migrations = await queryRows(
    connection,
    z.object({ name: z.string() }),
    'SELECT name FROM migrations ORDER BY id',
  );
  return {
    ...{ database, server, incarnation, position, tables },
    incarnations: await readIncarnations(connection, position),
    migrations: migrations.map(({ name }) => name),
  };
}

async function describe(connection: Queryable) {
  const sql = 'SELECT DATABASE() AS `database`, VERSION() AS server';
  const schema = z.object({ database: z.string(), server: z.string() });
  const [row] = await queryRows(connection, schema, sql);
  if (row === undefined) throw new Error('The server does not say which database this is');
  return row;
}

/** The base tables of the connection's database that its user may see. */
export async function tablesOf(connection: Queryable): Promise<readonly string[]> {
  const rows = await queryRows(
    connection,
    z.object({ name: z.string() }),
    `SELECT TABLE_NAME AS name FROM information_schema.TABLES
      WHERE TABLE_SCHEMA = DATABASE() AND TABLE_TYPE = 'BASE TABLE' ORDER BY TABLE_NAME`,
  );
  return rows.map(({ name }) => name);
}

async function dumpTable(
  folder: string,
  file: string,
  connection: PoolConnection,
  name: string,
): Promise<SavedTable> {
  const columns = await columnsOf(connection, name);
  const pages = readPages(connection, name, columns);
  return {
    ...{ name, file },
    ...(await writeTableFile(path.join(folder, file), pages)),
    columns: columns.map(({ name: column, form }) => ({ name: column, form })),
    createTable: await showCreateTable(connection, name),
  };
}

/** A column, and what to select for it. */
interface DumpedColumn extends SavedColumn {
  readonly select: string;
  readonly isKey: boolean;
}

async function columnsOf(connection: Queryable, table: string): Promise<readonly DumpedColumn[]> {
  const rows = await queryRows(
    connection,
    z.object({ name: z.string(), type: z.string(), key_part: z.coerce.number().nullable() }),
    `SELECT c.COLUMN_NAME AS name, c.DATA_TYPE AS type, k.ORDINAL_POSITION AS key_part
      FROM information_schema.COLUMNS AS c
      LEFT JOIN information_schema.KEY_COLUMN_USAGE AS k ON k.TABLE_SCHEMA = c.TABLE_SCHEMA
        AND k.TABLE_NAME = c.TABLE_NAME AND k.COLUMN_NAME = c.COLUMN_NAME AND k.CONSTRAINT_NAME = 'PRIMARY'
      WHERE c.TABLE_SCHEMA = DATABASE() AND c.TABLE_NAME = ?
      ORDER BY k.ORDINAL_POSITION IS NULL, k.ORDINAL_POSITION, c.ORDINAL_POSITION`,
    [table],
  );
  return rows.map(({ name, type, key_part }) => {
    const quoted = `\`${name}\``;
    const isKey = key_part !== null;
    if (/binary|blob/.test(type)) return { name, form: 'hex', select: `HEX(${quoted})`, isKey };
    // As text: the driver would make a Date of it.
    const isTime = /date|time/.test(type);
    return { name, form: 'plain', select: isTime ? `CAST(${quoted} AS CHAR)` : quoted, isKey };
  });
}

/**
 * Page after page along the primary key (its columns stand first). Not one long result: a server that has to hold it for
 * a slow reader keeps its buffers, and the driver's limit on a statement's time counts until its end.
 */
async function* readPages(
  connection: PoolConnection,
  table: string,
  columns: readonly DumpedColumn[],
): AsyncGenerator<readonly RowValues[]> {
  const keys = columns.filter(({ isKey }) => isKey).map(({ name }) => `\`${name}\``);
  if (keys.length === 0) throw new Error(`Table ${table} has no primary key to read it along`);
  const select = `SELECT ${columns.map((column) => column.select).join(', ')} FROM \`${table}\``;
  const order = `ORDER BY ${keys.join(', ')} LIMIT ${PAGE_ROWS}`;
  let after: RowValues | undefined;
  for (;;) {
    const { where, values } = behind(keys, after);
    const [rows] = await connection.query<RowDataPacket[][]>({
      sql: `${select} ${where} ${order}`,
      values,
      rowsAsArray: true,
    });
    const page = z.array(rowValuesSchema).parse(rows);
    if (page.length > 0) yield page;
    if (page.length < PAGE_ROWS) return;
    after = page.at(-1)?.slice(0, keys.length);
  }
}

/** `a > ? OR (a = ? AND b > ?)`: written out, since a comparison of tuples is not served by an index. */
function behind(keys: readonly string[], after: RowValues | undefined) {
  if (after === undefined) return { where: '', values: [] };
  const parts = keys.map((key, index) =>
    [...keys.slice(0, index).map((equal) => `${equal} = ?`), `${key} > ?`].join(' AND '),
  );
  const values = keys.flatMap((_, index) => after.slice(0, index + 1));
  return { where: `WHERE ${parts.map((part) => `(${part})`).join(' OR ')}`, values };
}

async function showCreateTable(connection: Queryable, table: string): Promise<string> {
  const schema = z.object({ 'Create Table': z.string() });
  const [row] = await queryRows(connection, schema, `SHOW CREATE TABLE \`${table}\``);
  if (row === undefined) throw new Error(`Table ${table} has gone`);
  return row['Create Table'];
}

/**
 * The last position of each incarnation in the log, newest first. An incarnation never falls along the log, so the place
 * where one begins is found by halving.
 */
async function readIncarnations(
  connection: Queryable,
  position: number,
): Promise<SavedService['incarnations']> {
  const incarnationAt = async (at: number): Promise<number> => {
    const sql = 'SELECT incarnation FROM events WHERE position = ?';
    const [row] = await queryRows(connection, z.object({ incarnation: z.int() }), sql, [at]);
    if (row === undefined) throw new Error(`The log has no event at position ${at}`);
    return row.incarnation;
  };
  const found: SavedService['incarnations'] = [];
  for (let lastPosition = position; lastPosition > 0;) {
    const incarnation = await incarnationAt(lastPosition);
    let [low, high] = [1, lastPosition];
    while (low < high) {
      const middle = Math.floor((low + high) / 2);
      if ((await incarnationAt(middle)) === incarnation) high = middle;
      else low = middle + 1;
    }
    found.push({ incarnation, lastPosition });
    lastPosition = low - 1;
  }
  return found;
}
