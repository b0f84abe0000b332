// Trying what a user may do. An attempt changes nothing where it is allowed as it should be.
import type { Pool, RowDataPacket } from 'mysql2/promise';
import { z } from 'zod';
import type { Rights } from './accessTable.ts';

/** A table, and a column of it. */
export interface Place {
  readonly database: string;
  readonly table: string;
  readonly column: string;
}

const RIGHTS: Readonly<Record<string, (place: Place) => [string, string[]]>> = {
  SELECT: ({ database, table, column }) => [
    'SELECT ?? FROM ??.?? LIMIT 0',
    [column, database, table],
  ],
  // No row is inserted: in strict mode a column without default refuses it, after the rights were looked at.
  INSERT: ({ database, table }) => ['INSERT INTO ??.?? VALUES ()', [database, table]],
  UPDATE: ({ database, table, column }) => [
    'UPDATE ??.?? SET ?? = 1 WHERE FALSE',
    [database, table, column],
  ],
  DELETE: ({ database, table }) => ['DELETE FROM ??.?? WHERE FALSE', [database, table]],
};

const CHANGES = [
  'TRUNCATE TABLE ??.??',
  'ALTER TABLE ??.?? ADD COLUMN added INT',
  'CREATE INDEX added ON ??.?? (??)',
  'DROP TABLE ??.??',
] as const;

/** Of the server, and of nobody who serves or migrates one service. */
export const SERVER_POWERS = [
  "CREATE USER 'test_intruder'@'%' IDENTIFIED BY 'x'",
  'CREATE DATABASE test_intruder',
  'SELECT User FROM mysql.user',
  "UPDATE mysql.user SET User = 'x' WHERE FALSE",
  "SELECT 1 INTO OUTFILE '/tmp/test_intruder'",
  'SHOW ENGINE INNODB STATUS',
  'SET GLOBAL max_connections = 500',
  'FLUSH PRIVILEGES',
  "GRANT SELECT ON *.* TO 'root'@'localhost'",
  'SHUTDOWN',
] as const;

/** On a server, a database, a table, a column; and 1045 is what FILE is refused with. */
const DENIED = [1227, 1044, 1142, 1143, 1045];
const errnoSchema = z.object({ errno: z.number() });

/** Whether the server refuses the statement for lack of rights. Throws on errors that say neither yes nor no. */
export async function isDenied(pool: Pool, sql: string, values: string[] = []): Promise<boolean> {
  try {
    await pool.query(sql, values);
    return false;
  } catch (error) {
    const { errno } = errnoSchema.parse(error);
    if (DENIED.includes(errno)) return true;
    // 1364: a column without default, which is asked for only after the rights.
    if (errno === 1364) return false;
    throw error;
  }
}

/** What the user of the pool may do to the rows of these tables. */
export async function triedRights(pool: Pool, places: readonly Place[]): Promise<Rights> {
  const rights: Record<string, string[]> = {};
  for (const place of places) {
    rights[place.table] = [];
    for (const [right, statement] of Object.entries(RIGHTS))
      if (!(await isDenied(pool, ...statement(place)))) rights[place.table]?.push(right);
  }
  return rights;
}

/** The changes of tables that the user of the pool was not denied; made for nobody, so it should be none. */
export async function allowedChanges(pool: Pool, places: readonly Place[]): Promise<string[]> {
  const allowed: string[] = [];
  for (const { database, table, column } of places)
    for (const sql of CHANGES)
      if (!(await isDenied(pool, sql, [database, table, column]))) allowed.push(`${sql} ${table}`);
  for (const database of new Set(places.map((place) => place.database)))
    for (const sql of ['CREATE TABLE ??.added (id INT)', 'DROP DATABASE ??'])
      if (!(await isDenied(pool, sql, [database]))) allowed.push(sql);
  return allowed;
}

/** All tables of a database, with the first column of each; as an administrator sees them. */
export async function placesOf(admin: Pool, database: string): Promise<readonly Place[]> {
  const [rows] = await admin.query<RowDataPacket[]>(
    `SELECT table_schema AS \`database\`, table_name AS \`table\`, column_name AS \`column\`
      FROM information_schema.columns WHERE table_schema = ? AND ordinal_position = 1`,
    [database],
  );
  return z
    .array(z.object({ database: z.string(), table: z.string(), column: z.string() }))
    .parse(rows);
}
