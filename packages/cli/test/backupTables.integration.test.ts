// Tables of a real server written to files and loaded again; and a restore that is broken off half-way.
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import type { Pool, RowDataPacket } from 'mysql2/promise';
import { readLogHead } from '@orderflow/shared/eventstore/logHead.ts';
import { eventStoreSchema } from '@orderflow/shared/eventstore/tables.ts';
import { combineSchemas } from '@orderflow/shared/runtime/schema.ts';
import { testInfra } from '@orderflow/shared/testing/infra.ts';
import { createTestDatabase, type TestDatabase } from '@orderflow/shared/testing/testDatabase.ts';
import { ordersParts } from '../../../services/orders/src/app.ts';
import { dumpService } from '../src/backup/dump.ts';
import type { SavedService } from '../src/backup/manifest.ts';
import { ownTables } from '../src/restore/ownTables.ts';
import {
  closeLog,
  dropReplaced,
  loadTables,
  openLog,
  reopenLog,
  switchTables,
} from '../src/restore/staging.ts';

const schema = combineSchemas(eventStoreSchema, ordersParts.schema);
/** More than two pages each. */
const CARTS = 1_250;
const EVENTS = 1_100;

describe('a service’s tables in files', () => {
  let database: TestDatabase;
  let other: TestDatabase;
  let folder: string;
  let saved: SavedService;
  let own: ReadonlySet<string>;

  beforeAll(async () => {
    folder = await mkdtemp(path.join(tmpdir(), 'orderflow-tables-'));
    database = await createTestDatabase(schema, testInfra());
    other = await createTestDatabase(schema, testInfra());
    await fill(database.admin);
    const connection = await database.pool.getConnection();
    saved = await dumpService(folder, 'orders', { connection, ...(await readLogHead(connection)) });
    connection.release();
    own = ownTables(ordersParts.schema, saved);
  });

  afterAll(async () => {
    await database.drop();
    await other.drop();
    await rm(folder, { recursive: true });
  });

  it('are all of them, and say where each incarnation of the log ends', () => {
    const names = schema.tables.map(({ entity }) => entity.options.name);
    expect(saved.tables.map(({ name }) => name)).toEqual([...names, 'migrations'].toSorted());
    expect(saved.incarnations).toEqual([
      { incarnation: 9, lastPosition: EVENTS },
      { incarnation: 4, lastPosition: 700 },
      { incarnation: 1, lastPosition: 3 },
    ]);
  });

  it('come back row by row, and take the places of others only when all are there', async () => {
    await loadTables(other.admin, folder, saved);
    expect(await rowsOf(other.admin, 'cart_lines')).toEqual([]);
    await closeLog(other.admin);
    await switchTables(other.admin, own);
    await openLog(other.admin);
    await dropReplaced(other.admin);
    for (const { name } of saved.tables)
      expect(await rowsOf(other.admin, name)).toEqual(await rowsOf(database.admin, name));
    expect(await tablesOf(other.admin)).toEqual(await tablesOf(database.admin));
  });

  it('take no place from a table that is not the service’s', async () => {
    await other.admin.query('CREATE TABLE notes (id INT PRIMARY KEY)');
    await loadTables(other.admin, folder, saved);
    await closeLog(other.admin);
    await switchTables(other.admin, own);
    await openLog(other.admin);
    await dropReplaced(other.admin);
    expect(await tablesOf(other.admin)).toContain('notes');
    await other.admin.query('DROP TABLE notes');
  });

  it('leave a log without a head where the restore was broken off, and can be loaded again', async () => {
    await loadTables(other.admin, folder, saved);
    await closeLog(other.admin);
    await expect(readLogHead(other.pool)).rejects.toThrow('not available');
    await reopenLog(other.admin);
    expect((await readLogHead(other.pool)).position).toBe(EVENTS);

    await closeLog(other.admin);
    await switchTables(other.admin, own);
    await expect(readLogHead(other.pool)).rejects.toThrow('not available');

    await loadTables(other.admin, folder, saved);
    await closeLog(other.admin);
    await switchTables(other.admin, own);
    await openLog(other.admin);
    await dropReplaced(other.admin);
    expect((await readLogHead(other.pool)).position).toBe(EVENTS);
    expect(await tablesOf(other.admin)).toEqual(await tablesOf(database.admin));
  });
});

/** Rows whose keys cross pages in both columns, and texts that a careless format would spoil. */
async function fill(admin: Pool): Promise<void> {
  const at = '2026-01-02T03:04:05.678Z';
  const carts = Array.from({ length: CARTS }, (_, index) => [
    ...[1 + (index % 3), 1 + Math.floor(index / 3), index + 1, `uuid-${index}`, 1, at, at],
  ]);
  await admin.query('INSERT INTO cart_lines VALUES ?', [carts]);
  const events = Array.from({ length: EVENTS }, (_, index) => {
    const position = index + 1;
    const incarnation = position > 700 ? 9 : position > 3 ? 4 : 1;
    const data = JSON.stringify({ at, text: `"${position}" \\ \u2028 \n 🎟` });
    const hash = Buffer.alloc(32, index);
    return [incarnation, position, `order-${index}`, 1, 'OrderRequested', 2, data, '{}', hash];
  });
  const columns =
    'incarnation, position, stream_id, version, type, schema_version, data, metadata, hash';
  await admin.query(`INSERT INTO events (${columns}) VALUES ?`, [events]);
  await admin.query('UPDATE log_head SET incarnation = 9, last_position = ?', [EVENTS]);
}

async function rowsOf(pool: Pool, table: string): Promise<readonly RowDataPacket[]> {
  const [rows] = await pool.query<RowDataPacket[]>('SELECT * FROM ?? ORDER BY 1, 2', [table]);
  return rows;
}

async function tablesOf(pool: Pool): Promise<readonly unknown[]> {
  const [rows] = await pool.query<RowDataPacket[]>({ sql: 'SHOW TABLES', rowsAsArray: true });
  return rows.flat();
}
