// Cursors of many partitions moved in one statement, on a real server: which rows it looks at, and whom it waits for.
import type { PoolConnection } from 'mysql2/promise';
import { z } from 'zod';
import { moveCursors, moveStatement, readCursorRows } from '../../src/eventstore/cursorRows.ts';
import type { CursorMove } from '../../src/eventstore/eventStore.ts';
import { START } from '../../src/messaging/chain.ts';
import { queryRows } from '../../src/runtime/database.ts';
import { GatheredTransaction } from '../../src/runtime/transaction.ts';
import { testInfra } from '../../src/testing/infra.ts';
import { createTestDatabase, type TestDatabase } from '../../src/testing/testDatabase.ts';
import { emptyTables, tallySchema, untilLockWait } from './tallySchema.ts';

const PARTITIONS = Array.from({ length: 24 }, (_, partition) => partition);
let database: TestDatabase;
beforeAll(async () => {
  database = await createTestDatabase(tallySchema, testInfra());
});
beforeEach(async () => {
  await emptyTables(database);
  for (const consumer of ['reader', 'another'])
    await readCursorRows(database.pool, consumer, 'news.v1', PARTITIONS);
});
afterAll(() => database.drop());

function movesOf(partitions: readonly number[], position = 5): readonly CursorMove[] {
  const place = { incarnation: 1, position, part: 0 };
  return partitions.map((partition) => ({
    ...{ consumer: 'reader', from: START, fromOffset: '0' },
    to: { topic: 'news.v1', partition, place, nextOffset: '9' },
  }));
}

/** Moves cursors on a connection of its own, and leaves the transaction open, if it has not failed. */
async function moveUncommitted(
  partitions: readonly number[],
  position?: number,
): Promise<PoolConnection> {
  const connection = await database.pool.getConnection();
  const transaction = new GatheredTransaction(connection);
  moveCursors(transaction, movesOf(partitions, position));
  try {
    await transaction.send();
  } catch (error) {
    await end(connection, 'ROLLBACK');
    throw error;
  }
  return connection;
}

async function end(connection: PoolConnection, how: 'COMMIT' | 'ROLLBACK'): Promise<void> {
  await connection.query(how);
  connection.release();
}

describe('Moving cursors', () => {
  it('touches hardly more rows than it moves', async () => {
    const connection = await database.pool.getConnection();
    const rowsTouched = async (): Promise<number> => {
      const counter = z.object({ Value: z.coerce.number() });
      const sql = "SHOW SESSION STATUS LIKE 'Handler_read%'";
      const counters = await queryRows(connection, counter, sql);
      return counters.reduce((sum, { Value }) => sum + Value, 0);
    };
    const before = await rowsTouched();
    await connection.query(...moveStatement(movesOf([1, 2, 3, 20])));
    const after = await rowsTouched();
    // Looking costs a few as well: the counters are in a table of the server's own.
    const looking = (await rowsTouched()) - after;
    connection.release();
    expect(after - before - looking).toBeLessThanOrEqual(8);
  });

  it('does not wait for the owner of other partitions', async () => {
    const other = await moveUncommitted([1, 3, 5]);
    const own = await moveUncommitted([0, 2, 4, 6]);
    await end(own, 'COMMIT');
    await end(other, 'COMMIT');
    const moved = await queryRows(
      database.pool,
      z.object({ count: z.int() }),
      'SELECT COUNT(*) AS count FROM consumer_cursors WHERE position = 5',
    );
    expect(moved).toEqual([{ count: 7 }]);
  });

  it('waits for another owner of one of the partitions, and fails when that one has committed', async () => {
    const first = await moveUncommitted([3, 4]);
    const second = moveUncommitted([2, 3], 7);
    second.catch(() => undefined);
    await untilLockWait(database);
    await end(first, 'COMMIT');
    await expect(second).rejects.toMatchObject({
      kind: 'cursor',
      subject: 'reader/news.v1/2, reader/news.v1/3',
    });
  });

  it('succeeds when the other owner has rolled back', async () => {
    const first = await moveUncommitted([3, 4]);
    const second = moveUncommitted([2, 3]);
    await untilLockWait(database);
    await end(first, 'ROLLBACK');
    await end(await second, 'COMMIT');
  });

  it('never waits in a circle: many owners that want the same partitions in different orders', async () => {
    const orders = [PARTITIONS, PARTITIONS.toReversed(), PARTITIONS.filter((p) => p % 2 === 0)];
    const outcomes = await Promise.allSettled(
      [...orders, ...orders].map(async (partitions, index) => {
        await end(await moveUncommitted(partitions, 5 + index), 'COMMIT');
      }),
    );
    const failed = outcomes.filter((each) => each.status === 'rejected');
    expect(failed).toHaveLength(outcomes.length - 1);
    for (const { reason } of failed) expect(reason).toMatchObject({ kind: 'cursor' });
  });
});
