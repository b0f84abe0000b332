// What the bootstrap makes: tables like the entities, and a runtime user that can do what it must and nothing else.
import { DataSource } from 'typeorm';
import type { RowDataPacket } from 'mysql2/promise';
import { eventStoreSchema } from '../../src/eventstore/tables.ts';
import { openPool } from '../../src/runtime/database.ts';
import { pendingMigrations, prepareSchema } from '../../src/runtime/schema.ts';
import { testInfra } from '../../src/testing/infra.ts';
import { createTestDatabase, type TestDatabase } from '../../src/testing/testDatabase.ts';
import { tallySchema } from '../eventstore/tallySchema.ts';

const { mysql } = testInfra();
let database: TestDatabase;
let foreign: TestDatabase;

beforeAll(async () => {
  database = await createTestDatabase(tallySchema, { mysql });
  foreign = await createTestDatabase(eventStoreSchema, { mysql });
});
afterAll(() => Promise.all([database.drop(), foreign.drop()]));

/** On a table, a column or a schema. */
const DENIED: unknown = expect.stringMatching(/^ER_(TABLE|COLUMN|DB)ACCESS_DENIED_ERROR$/);

describe('The runtime user', () => {
  it.each([
    ['change an event', "UPDATE events SET data = '{}'"],
    ['delete an event', 'DELETE FROM events'],
    ['empty the log', 'TRUNCATE TABLE events'],
    ['drop the log', 'DROP TABLE events'],
    ['alter the log', 'ALTER TABLE events ADD COLUMN x INT'],
    ['replace an event', 'REPLACE INTO events (position) VALUES (1)'],
    ['make a second log head', 'INSERT INTO log_head VALUES (2, 1, 0, 0)'],
    ['delete the log head', 'DELETE FROM log_head'],
    ['delete a cursor', 'DELETE FROM consumer_cursors'],
    ['change a recorded partition count', 'UPDATE topics SET partition_count = 1'],
    ['delete from a read model', 'DELETE FROM tallies'],
    ['change a row that its service only inserts', "UPDATE secrets SET secret = ''"],
    ['make a table', 'CREATE TABLE own (id INT)'],
    ['record a migration', "INSERT INTO migrations (timestamp, name) VALUES (1, 'x')"],
    ['read the accounts of the server', 'SELECT * FROM mysql.user'],
    ['give rights away', "GRANT SELECT ON events TO 'root'@'localhost'"],
  ])('cannot %s', async (_what, sql) => {
    await expect(database.pool.query(sql)).rejects.toMatchObject({
      code: DENIED,
    });
  });

  it.each(['SELECT * FROM ??.events', "INSERT INTO ??.topics VALUES ('t', 1)", 'USE ??'])(
    'cannot reach into the schema of another service (%s)',
    async (sql) => {
      await expect(database.pool.query(sql, [foreign.settings.database])).rejects.toMatchObject({
        code: DENIED,
      });
    },
  );

  it('can read the log and see which migrations have run', async () => {
    await expect(database.pool.query('SELECT * FROM events')).resolves.toBeDefined();
    expect(await pendingMigrations(database.pool, tallySchema)).toEqual([]);
  });
});

describe('prepareSchema', () => {
  it('leaves nothing for a schema diff to do: entities and migrations say the same', async () => {
    const source = new DataSource({
      type: 'mysql',
      host: mysql.host,
      port: mysql.port,
      username: mysql.adminUser,
      password: mysql.adminPassword,
      database: database.settings.database,
      charset: 'utf8mb4_bin',
      entities: tallySchema.tables.map((table) => table.entity),
    });
    await source.initialize();
    const diff = await source.driver.createSchemaBuilder().log();
    await source.destroy();
    expect(diff.upQueries.map(({ query }) => query)).toEqual([]);
  });

  it('names the migrations that a database has not had', async () => {
    expect(await pendingMigrations(foreign.pool, tallySchema)).toEqual(['Tallies1763800000001']);
  });

  it('may run again, from several processes at once, and then sets a new password', async () => {
    const { host, port, database: name, user } = foreign.settings;
    const options = {
      host,
      port,
      admin: { user: mysql.adminUser, password: mysql.adminPassword },
      database: name,
      runtime: { user, password: 'another' },
      schema: tallySchema,
    };
    await Promise.all([prepareSchema(options), prepareSchema(options), prepareSchema(options)]);
    const pool = openPool({ ...foreign.settings, password: 'another' });
    expect(await pendingMigrations(pool, tallySchema)).toEqual([]);
    const [migrations] = await foreign.admin.query<RowDataPacket[]>('SELECT * FROM migrations');
    expect(migrations).toHaveLength(tallySchema.migrations.length);
    await pool.end();
  });
});
