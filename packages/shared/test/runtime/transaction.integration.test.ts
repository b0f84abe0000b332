// Statements that travel together, on a real server: their order, their results, and what an error leaves undone.
import type { RowDataPacket } from 'mysql2/promise';
import { inTransaction } from '../../src/runtime/database.ts';
import { testInfra } from '../../src/testing/infra.ts';
import { createTestDatabase, type TestDatabase } from '../../src/testing/testDatabase.ts';
import { tallySchema } from '../eventstore/tallySchema.ts';

const INSERT = 'INSERT INTO notes VALUES (?, ?)';
let database: TestDatabase;
beforeAll(async () => {
  database = await createTestDatabase(tallySchema, testInfra());
  await database.admin.query('CREATE TABLE notes (id INT PRIMARY KEY, note TEXT NOT NULL)');
  await database.admin.query(`GRANT ALL ON notes TO '${database.settings.user}'@'%'`);
});
beforeEach(() => database.admin.query('DELETE FROM notes'));
afterAll(() => database.drop());

async function notes(): Promise<unknown[]> {
  const [rows] = await database.admin.query<RowDataPacket[]>('SELECT * FROM notes ORDER BY id');
  return rows.map((row): unknown[] => [row.id, row.note]);
}

describe('Statements of a transaction', () => {
  it('run in the order given, and each result reaches its own statement', async () => {
    const seen: unknown[] = [];
    await inTransaction(database.pool, async (transaction) => {
      const use = (result: unknown) => seen.push(result);
      transaction.later(INSERT, [1, 'first']);
      transaction.later('SELECT id, note FROM notes', [], { use });
      transaction.later(INSERT, [2, "it's; DROP TABLE notes; --"]);
      const [rows] = await transaction.query<RowDataPacket[]>('SELECT id FROM notes ORDER BY id');
      expect(rows).toEqual([{ id: 1 }, { id: 2 }]);
      transaction.later('UPDATE notes SET note = ? WHERE id = 1', ['changed']);
    });
    expect(seen).toEqual([[{ id: 1, note: 'first' }]]);
    expect(await notes()).toEqual([
      [1, 'changed'],
      [2, "it's; DROP TABLE notes; --"],
    ]);
  });

  it('are all undone when one that travels with COMMIT fails, and its error is given its meaning', async () => {
    const meant = new Error('that number is taken');
    const failing = inTransaction(database.pool, (transaction) => {
      transaction.later(INSERT, [1, 'a']);
      transaction.later(INSERT, [1, 'b'], { meaning: () => meant });
      transaction.later(INSERT, [2, 'c']);
      return Promise.resolve();
    });
    await expect(failing).rejects.toBe(meant);
    expect(await notes()).toEqual([]);
  });

  it('are all undone when a result is refused, which is looked at before COMMIT is sent', async () => {
    const failing = inTransaction(database.pool, (transaction) => {
      const use = (result: object) => {
        if (!('affectedRows' in result) || result.affectedRows !== 1) throw new Error('not there');
      };
      transaction.later(INSERT, [1, 'a']);
      transaction.later('UPDATE notes SET note = ? WHERE id = 9', ['b'], { use });
      return Promise.resolve();
    });
    await expect(failing).rejects.toThrow('not there');
    expect(await notes()).toEqual([]);
  });

  it('that are larger together than a packet may be are sent in several', async () => {
    const large = 'x'.repeat(1_500_000);
    const lengths: unknown[] = [];
    const use = (rows: unknown) => lengths.push(rows);
    await inTransaction(database.pool, (transaction) => {
      for (let id = 1; id <= 4; id += 1) transaction.later(INSERT, [id, large.slice(0, 60_000)]);
      for (let size = 0; size < 10; size += 1)
        transaction.later('SELECT LENGTH(?) AS n', [large], { use });
      return Promise.resolve();
    });
    expect(await notes()).toHaveLength(4);
    expect(lengths).toEqual(Array.from({ length: 10 }, () => [{ n: large.length }]));
  });
});
