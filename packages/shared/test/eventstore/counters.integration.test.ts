// Ids from a counter row: taken by many at once, never given twice.
import { createIdAllocator, takeIds } from '../../src/eventstore/counters.ts';
import { eventStoreSchema } from '../../src/eventstore/tables.ts';
import { testInfra } from '../../src/testing/infra.ts';
import { createTestDatabase, type TestDatabase } from '../../src/testing/testDatabase.ts';

let database: TestDatabase;
beforeAll(async () => {
  database = await createTestDatabase(eventStoreSchema, testInfra());
});
afterAll(() => database.drop());

describe('A counter', () => {
  it('starts at 1 and gives blocks that follow each other', async () => {
    expect(await takeIds(database.pool, 'users', 1)).toBe(1);
    expect(await takeIds(database.pool, 'users', 100)).toBe(2);
    expect(await takeIds(database.pool, 'users', 1)).toBe(102);
    expect(await takeIds(database.pool, 'products', 1)).toBe(1);
  });

  it('gives no id twice when several processes use it for the first time at once', async () => {
    const processes = [1, 2, 3, 4].map(() => {
      const pool = database.open(3);
      return createIdAllocator((size) => takeIds(pool, 'lines', size), 7);
    });
    const ids = await Promise.all(
      processes.flatMap(({ next }) => Array.from({ length: 50 }, () => next())),
    );
    expect(new Set(ids).size).toBe(200);
    expect(Math.min(...ids)).toBe(1);
  });

  it('takes the next block after one could not be taken', async () => {
    let calls = 0;
    const ids = createIdAllocator((size) => {
      calls += 1;
      return calls === 1 ? Promise.reject(new Error('away')) : Promise.resolve(10 * size);
    }, 2);
    await expect(Promise.all([ids.next(), ids.next()])).rejects.toThrow('away');
    expect([await ids.next(), await ids.next()]).toEqual([20, 21]);
  });
});
