// A database that is there and never answers: nobody waits for it without end, and nobody is told a guess.
import type { Pool } from 'mysql2/promise';
import { z } from 'zod';
import { inTransaction, openPool, queryRows } from '../../src/runtime/database.ts';
import { testInfra } from '../../src/testing/infra.ts';
import { createTestDatabase, type TestDatabase } from '../../src/testing/testDatabase.ts';
import { tallySchema } from '../eventstore/tallySchema.ts';
import { startFrozenProxy, type FrozenProxy } from './frozenProxy.ts';

let database: TestDatabase;
let proxy: FrozenProxy;
let pool: Pool;
beforeAll(async () => {
  database = await createTestDatabase(tallySchema, testInfra());
});
afterAll(() => database.drop());
beforeEach(async () => {
  await database.admin.query('REPLACE INTO counters VALUES (?, 0)', ['a']);
  proxy = await startFrozenProxy(database.settings);
  const settings = { ...database.settings, host: '127.0.0.1', port: proxy.port };
  pool = openPool({ ...settings, poolSize: 1, statementLimitMs: 500 });
});
afterEach(async () => {
  await pool.end();
  await proxy.close();
});

const RAISE = 'UPDATE counters SET last_id = last_id + 1 WHERE name = ?';
const READ = 'SELECT last_id FROM counters WHERE name = ?';
const read = () => queryRows(pool, z.object({ last_id: z.int() }), READ, ['a']);
const raise = () => inTransaction(pool, (connection) => connection.query(RAISE, ['a']));

it('a statement that is never answered fails, and so does what waits behind it; the next ones go on', async () => {
  expect(await read()).toEqual([{ last_id: 0 }]);
  proxy.freeze();
  const unavailable = { code: 'database_unavailable', retryable: true };
  const frozen = expect(read()).rejects.toMatchObject(unavailable);
  // The pool has one connection: this one waits for it.
  const behind = read();
  proxy.thaw();
  await frozen;
  expect(await behind).toEqual([{ last_id: 0 }]);
});

it('a transaction whose work is never answered fails as unavailable, and nothing is written', async () => {
  proxy.freeze('UPDATE counters');
  await expect(raise()).rejects.toMatchObject({ code: 'database_unavailable', retryable: true });
  proxy.thaw();
  await raise();
  expect(await read()).toEqual([{ last_id: 1 }]);
});

it('a COMMIT that is never answered is not known to have happened', async () => {
  await read();
  proxy.freeze('COMMIT');
  await expect(raise()).rejects.toMatchObject({ code: 'commit_unknown', retryable: true });
  proxy.thaw();
  await raise();
  expect(await read()).toEqual([{ last_id: 1 }]);
});

it('a new connection that is never set up fails as well', async () => {
  proxy.freeze('SET SESSION');
  await expect(read()).rejects.toMatchObject({ code: 'database_unavailable', retryable: true });
  proxy.thaw();
  expect(await read()).toEqual([{ last_id: 0 }]);
});
