// Two transactions fold into one row at the same moment: shown with one that stays open while the other runs.
import type { Pool, PoolConnection, RowDataPacket } from 'mysql2/promise';
import type { EventStore, Unit } from '../../src/eventstore/eventStore.ts';
import { createLogPositions } from '../../src/eventstore/logHead.ts';
import { createMysqlEventStore } from '../../src/eventstore/mysqlEventStore.ts';
import { prepareAppends } from '../../src/eventstore/placing.ts';
import { createUnitWriter } from '../../src/eventstore/unitWriter.ts';
import { GatheredTransaction } from '../../src/runtime/transaction.ts';
import { testInfra } from '../../src/testing/infra.ts';
import {
  append,
  counted,
  opened,
  seen,
  talliesProjection,
  tallyCodec,
  type TallyEvent,
  type TallySeen,
} from '../../src/testing/tallyDomain.ts';
import { createTestDatabase, type TestDatabase } from '../../src/testing/testDatabase.ts';
import { emptyTables, tallySchema, untilLockWait } from './tallySchema.ts';

let database: TestDatabase;
let store: EventStore<TallyEvent, TallySeen>;

beforeAll(async () => {
  database = await createTestDatabase(tallySchema, testInfra());
  const { pool } = database;
  store = createMysqlEventStore({ pool, codec: tallyCodec, projections: [talliesProjection] });
});
beforeEach(() => emptyTables(database));
afterAll(() => database.drop());

/** Writes a unit, and leaves its transaction open. */
async function writeUncommitted(unit: Unit<TallyEvent, TallySeen>): Promise<PoolConnection> {
  const connection = await database.pool.getConnection();
  const transaction = new GatheredTransaction(connection);
  const write = createUnitWriter<TallyEvent, TallySeen>([talliesProjection], createLogPositions());
  await write(transaction, [unit], prepareAppends([unit], tallyCodec), {
    looksForNew: false,
    mayForesee: true,
  });
  await transaction.send();
  return connection;
}

async function tallies(): Promise<unknown[]> {
  const [rows] = await database.pool.query<RowDataPacket[]>(
    'SELECT tally, total, seen FROM tallies ORDER BY tally',
  );
  return rows.map((row): unknown[] => [row.tally, row.total, row.seen]);
}

/** The pool, but before the first INSERT into a read model `meanwhile` happens: between a look and a leap. */
function interrupted(pool: Pool, meanwhile: () => Promise<unknown>): Pool {
  let isFirst = true;
  const getConnection = async (): Promise<PoolConnection> => {
    const connection = await pool.getConnection();
    const query = async (sql: string, values?: unknown[]): Promise<unknown> => {
      if (isFirst && sql.includes('INSERT INTO `')) {
        isFirst = false;
        await meanwhile();
      }
      return connection.query(sql, values);
    };
    return replacing(connection, 'query', query);
  };
  return replacing(pool, 'getConnection', getConnection);
}

function replacing<T extends object>(target: T, method: keyof T, replacement: unknown): T {
  const bound = (value: unknown): unknown =>
    typeof value === 'function' ? (value.bind(target) as unknown) : value;
  return new Proxy(target, {
    get: (_target, name): unknown =>
      name === method ? replacement : bound(Reflect.get(target, name)),
  });
}

describe('A read-model row that two transactions fold at once', () => {
  it('is folded again when another has created it between the look and the insert', async () => {
    const rival = { streams: [append('s-1', 0, counted('shared', 5))] };
    const pool = interrupted(database.pool, () => store.commit([rival]));
    const projections = [talliesProjection];
    const late = createMysqlEventStore({ pool, codec: tallyCodec, projections });
    const recorded = await late.commit([{ streams: [append('s-2', 0, counted('shared', 7))] }]);
    expect(recorded.map((event) => event.position)).toEqual([2]);
    expect(await tallies()).toEqual([['shared', 12, 0]]);
  });

  it('is folded by the second from what the first has made of it, when both would create it', async () => {
    const first = await writeUncommitted({ streams: [append('s-1', 0, counted('shared', 5))] });
    const second = store.commit([{ streams: [append('s-2', 0, counted('shared', 7))] }]);
    await untilLockWait(database);
    await first.query('COMMIT');
    first.release();
    expect((await second).map((event) => event.position)).toEqual([2]);
    expect(await tallies()).toEqual([['shared', 12, 0]]);
  });

  it('is created by the second when the first gives up', async () => {
    const first = await writeUncommitted({ streams: [append('s-1', 0, counted('shared', 5))] });
    const second = store.commit([{ streams: [append('s-2', 0, counted('shared', 7))] }]);
    await untilLockWait(database);
    await first.query('ROLLBACK');
    first.release();
    expect((await second).map((event) => event.position)).toEqual([1]);
    expect(await tallies()).toEqual([['shared', 7, 0]]);
  });

  it('is folded from what stands there, though its event was to make it', async () => {
    await store.commit([{ streams: [append('s-1', 0, counted('shared', 5))] }]);
    const { pool } = database;
    const makesRows: typeof talliesProjection = {
      ...talliesProjection,
      rowsOf: (event) => talliesProjection.rowsOf(event).map((row) => ({ ...row, isNew: true })),
    };
    const making = createMysqlEventStore({ pool, codec: tallyCodec, projections: [makesRows] });
    await making.commit([
      { streams: [append('s-1', 1, counted('shared', 7), counted('other', 1))] },
    ]);
    expect(await tallies()).toEqual([
      ['other', 1, 0],
      ['shared', 12, 0],
    ]);
  });

  it('loses neither change when it exists, though one of them appends nothing', async () => {
    await store.commit([{ streams: [append('s-1', 0, opened('shared'))] }]);
    const first = await writeUncommitted({ streams: [], facts: [seen('shared')] });
    const second = store.commit([{ streams: [append('s-1', 1, counted('shared', 7))] }]);
    await untilLockWait(database);
    await first.query('COMMIT');
    first.release();
    await second;
    expect(await tallies()).toEqual([['shared', 7, 1]]);
  });

  it('does not hold up a transaction that folds another row', async () => {
    await store.commit([{ streams: [append('s-1', 0, opened('one'), opened('two'))] }]);
    const open = await writeUncommitted({ streams: [], facts: [seen('one')] });
    await store.commit([{ streams: [], facts: [seen('two')] }]);
    await open.query('COMMIT');
    open.release();
    expect(await tallies()).toEqual([
      ['one', 0, 1],
      ['two', 0, 1],
    ]);
  });
});
