// Transactions on a real server: what is tried again, what is given up, and that no connection is reused after a failure.
import type { RowDataPacket } from 'mysql2/promise';
import { z } from 'zod';
import { duplicateKey, inTransaction, openPool, queryRows } from '../../src/runtime/database.ts';
import { checkDurability, readDurabilityFaults } from '../../src/runtime/durability.ts';
import type { Transaction } from '../../src/runtime/transaction.ts';
import { testInfra } from '../../src/testing/infra.ts';
import { createTestDatabase, type TestDatabase } from '../../src/testing/testDatabase.ts';
import { tallySchema, untilLockWait } from '../eventstore/tallySchema.ts';

let database: TestDatabase;
beforeAll(async () => {
  database = await createTestDatabase(tallySchema, testInfra());
  await database.admin.query('INSERT INTO counters VALUES (?, 0), (?, 0), (?, 0)', ['a', 'b', 'c']);
});
afterAll(() => database.drop());

const RAISE = 'UPDATE counters SET last_id = last_id + 1 WHERE name = ?';

async function count(name: string): Promise<number | undefined> {
  const sql = 'SELECT last_id FROM counters WHERE name = ?';
  const rows = await queryRows(database.pool, z.object({ last_id: z.int() }), sql, [name]);
  return rows[0]?.last_id;
}

describe('A session', () => {
  it('reads committed rows, waits 3 s for a lock, and speaks UTC and strict SQL', async () => {
    const [[session]] = await database.pool.query<RowDataPacket[]>(
      `SELECT @@innodb_lock_wait_timeout AS wait, @@time_zone AS zone, @@sql_mode AS mode,
        @@lc_messages AS language`,
    );
    expect(session).toMatchObject({ wait: 3, zone: '+00:00', language: 'en_US' });
    expect(session?.mode).toContain('STRICT_ALL_TABLES');
    const [isolation] = await database.pool.query<RowDataPacket[]>(
      "SHOW SESSION VARIABLES WHERE Variable_name IN ('tx_isolation', 'transaction_isolation')",
    );
    expect(isolation.map((row) => row.Value as string)).toContain('READ-COMMITTED');
  });
});

/** The server's number of the transaction's connection. */
async function threadOf(transaction: Transaction): Promise<number> {
  const schema = z.object({ thread: z.int() });
  const [row] = await queryRows(transaction, schema, 'SELECT CONNECTION_ID() AS thread');
  return row?.thread ?? 0;
}

describe('inTransaction', () => {
  it('runs a transaction that lost a deadlock again', async () => {
    let attempts = 0;
    let arrived = 0;
    let release: () => void = () => undefined;
    const bothHoldOne = new Promise<void>((resolve) => (release = resolve));
    const lockBoth = (first: string, second: string) =>
      inTransaction(database.pool, async (connection) => {
        attempts += 1;
        await connection.query(RAISE, [first]);
        arrived += 1;
        if (arrived === 2) release();
        await bothHoldOne;
        await connection.query(RAISE, [second]);
      });
    await Promise.all([lockBoth('a', 'b'), lockBoth('b', 'a')]);
    expect(attempts).toBe(3);
    expect([await count('a'), await count('b')]).toEqual([2, 2]);
  });

  it('gives up a transaction whose connection was killed, and does not reuse the connection', async () => {
    const pool = database.open(1);
    const threads: number[] = [];
    const killed = inTransaction(pool, async (transaction) => {
      const thread = await threadOf(transaction);
      threads.push(thread);
      await transaction.query(RAISE, ['c']);
      await database.admin.query('KILL CONNECTION ?', [thread]);
      await transaction.query(RAISE, ['c']);
    });
    await expect(killed).rejects.toMatchObject({ code: 'database_unavailable', retryable: true });
    await inTransaction(pool, async (transaction) => threads.push(await threadOf(transaction)));
    expect(new Set(threads).size).toBe(2);
    expect(await count('c')).toBe(0);
  });

  it('rolls back what a throwing work has done, before anybody else gets the connection', async () => {
    const pool = database.open(1);
    const failing = inTransaction(pool, async (connection) => {
      await connection.query(RAISE, ['c']);
      throw new Error('a bug');
    });
    await expect(failing).rejects.toThrow('a bug');
    await inTransaction(pool, (connection) => connection.query(RAISE, ['c']));
    expect(await count('c')).toBe(1);
  });

  it('waits for a lock no longer than it may, tries again, and goes on when it is free', async () => {
    const blocker = await database.pool.getConnection();
    await blocker.query('BEGIN');
    await blocker.query(RAISE, ['a']);
    const before = await count('a');
    let attempts = 0;
    const waiting = inTransaction(database.pool, async (connection) => {
      attempts += 1;
      if (attempts === 2) await blocker.query('COMMIT');
      await connection.query(RAISE, ['a']);
    });
    await untilLockWait(database);
    await waiting;
    blocker.release();
    expect(attempts).toBe(2);
    expect(await count('a')).toBe((before ?? 0) + 2);
  });
});

describe('A pool', () => {
  it('refuses more than may wait for a connection, retryably', async () => {
    const pool = openPool({ ...database.settings, poolSize: 1, waitingLimit: 1 });
    const held = await pool.getConnection();
    const waiting = inTransaction(pool, () => Promise.resolve('through'));
    const unavailable = { code: 'database_unavailable', retryable: true };
    await expect(inTransaction(pool, () => Promise.resolve())).rejects.toMatchObject(unavailable);
    await expect(queryRows(pool, z.unknown(), 'SELECT 1')).rejects.toMatchObject(unavailable);
    held.release();
    expect(await waiting).toBe('through');
    await pool.end();
    await expect(queryRows(pool, z.unknown(), 'SELECT 1')).rejects.toMatchObject(unavailable);
  });
});

describe('A database error', () => {
  it('of an installation that is wrong is retryable: no message is at fault for a missing table', async () => {
    const failing = queryRows(database.pool, z.unknown(), 'SELECT 1 FROM missing');
    await expect(failing).rejects.toMatchObject({ code: 'database_unavailable', retryable: true });
  });

  it('does not carry the values of its statement', async () => {
    const failing = queryRows(database.pool, z.unknown(), 'SELECT ? AS', ['a secret']);
    const error = await failing.catch((reason: unknown) => reason);
    expect(error).toMatchObject({ code: 'ER_PARSE_ERROR' });
    expect(JSON.stringify(Object.entries(error as object))).not.toContain('a secret');
  });

  it("names the key that a duplicate breaks, on this server's words", async () => {
    const insert = () => database.pool.query("INSERT INTO secrets VALUES (1, 'it''s, a-b')");
    await insert();
    const primary = await insert().catch((reason: unknown) => reason);
    expect(duplicateKey(primary)).toEqual({ key: 'PRIMARY', entry: '1' });
    const unique = await database.pool
      .query("INSERT INTO secrets VALUES (2, 'it''s, a-b')")
      .catch((reason: unknown) => reason);
    expect(duplicateKey(unique)).toEqual({ key: 'uq_secrets_secret', entry: "it's, a-b" });
  });
});

describe('checkDurability', () => {
  const serverWith = (settings: object) => {
    const query = () => Promise.resolve([[settings], []]);
    return { query } as unknown as TestDatabase['pool'];
  };

  it('says what the server is set to lose, or refuses it', async () => {
    const lossy = serverWith({ log_bin: 0, sync_binlog: 0, flush_at_commit: 2 });
    expect(await readDurabilityFaults(lossy)).toHaveLength(3);
    const warnings: string[] = [];
    await checkDurability(lossy, 'warn', (message) => warnings.push(message));
    expect(warnings).toEqual([expect.stringContaining('sync_binlog is not 1')]);
    await expect(checkDurability(lossy, 'refuse', () => undefined)).rejects.toMatchObject({
      code: 'database_not_durable',
      message: expect.stringContaining('MYSQL_DURABILITY=warn') as string,
    });
  });

  it.each([1, 3])(
    'finds no fault with a server that flushes at every commit (%i)',
    async (mode) => {
      const sound = serverWith({ log_bin: 1, sync_binlog: 1, flush_at_commit: mode });
      expect(await readDurabilityFaults(sound)).toEqual([]);
      await checkDurability(sound, 'refuse', () => undefined);
    },
  );

  it('reads the settings of the real server as the runtime user', async () => {
    const [[server]] = await database.admin.query<RowDataPacket[]>(
      `SELECT @@log_bin AS log, @@sync_binlog AS sync,
        @@innodb_flush_log_at_trx_commit AS flush`,
    );
    const faults = await readDurabilityFaults(database.pool);
    expect(faults.some((fault) => fault.startsWith('log_bin'))).toBe(server?.log !== 1);
    expect(faults.some((fault) => fault.startsWith('sync_binlog'))).toBe(server?.sync !== 1);
    const isFlushed = [1, 3].includes(Number(server?.flush));
    expect(faults.some((fault) => fault.startsWith('innodb_flush'))).toBe(!isFlushed);
  });
});
