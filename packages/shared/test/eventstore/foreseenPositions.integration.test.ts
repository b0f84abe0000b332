// A store that is the only writer foresees its positions; another writer, or another incarnation, takes nothing from it.
import type { Pool, PoolConnection, RowDataPacket } from 'mysql2/promise';
import type { EventStore } from '../../src/eventstore/eventStore.ts';
import { createMysqlEventStore } from '../../src/eventstore/mysqlEventStore.ts';
import { testInfra } from '../../src/testing/infra.ts';
import {
  append,
  counted,
  talliesProjection,
  tallyCodec,
  type TallyEvent,
} from '../../src/testing/tallyDomain.ts';
import { createTestDatabase, type TestDatabase } from '../../src/testing/testDatabase.ts';
import { emptyTables, tallySchema } from './tallySchema.ts';

/** More than it takes to trust in one's own commits. */
const MANY = 12;

let database: TestDatabase;

beforeAll(async () => {
  database = await createTestDatabase(tallySchema, testInfra());
});
beforeEach(() => emptyTables(database));
afterAll(() => database.drop());

function replacing<T extends object>(target: T, method: keyof T, replacement: unknown): T {
  const bound = (value: unknown): unknown =>
    typeof value === 'function' ? (value.bind(target) as unknown) : value;
  return new Proxy(target, {
    get: (_target, name): unknown =>
      name === method ? replacement : bound(Reflect.get(target, name)),
  });
}

/** The pool, and how many packets its connections have sent. */
function counting(pool: Pool): { readonly pool: Pool; readonly packets: () => number } {
  let packets = 0;
  const getConnection = async (): Promise<PoolConnection> => {
    const connection = await pool.getConnection();
    return replacing(connection, 'query', (sql: string, values?: unknown[]): unknown => {
      packets += 1;
      return connection.query(sql, values);
    });
  };
  return { pool: replacing(pool, 'getConnection', getConnection), packets: () => packets };
}

function openStore(pool: Pool, projections = [talliesProjection]): EventStore<TallyEvent> {
  return createMysqlEventStore({ pool, codec: tallyCodec, projections });
}

let streams = 0;
/** Counts one more for `tally`, in a stream of its own, and gives the event's place. */
async function count(store: EventStore<TallyEvent>, tally: string): Promise<string> {
  streams += 1;
  const [event] = await store.commit([{ streams: [append(`s-${streams}`, 0, counted(tally))] }]);
  return `${event?.incarnation}.${event?.position}`;
}

async function countOften(
  store: EventStore<TallyEvent>,
  tally: string,
  times = MANY,
): Promise<void> {
  for (let n = 0; n < times; n += 1) await count(store, tally);
}

async function tallies(): Promise<unknown[]> {
  const [rows] = await database.pool.query<RowDataPacket[]>(
    'SELECT tally, total FROM tallies ORDER BY tally',
  );
  return rows.map((row): unknown[] => [row.tally, row.total]);
}

it('commits with one packet once it knows that nobody else writes', async () => {
  const { pool, packets } = counting(database.pool);
  const store = openStore(pool, []);
  await countOften(store, 'x');
  const before = packets();
  expect(await count(store, 'x')).toBe(`1.${MANY + 1}`);
  expect(packets() - before).toBe(1);
});

it('writes once, behind the events of another process that has come first', async () => {
  const [one, other] = [openStore(database.pool), openStore(database.open())];
  let last = 0;
  // Each time it is wrong it trusts in itself later.
  for (const undisturbed of [MANY, 2 * MANY, 4 * MANY]) {
    await countOften(one, 'one', undisturbed);
    last += undisturbed + 2;
    expect(await count(other, 'other')).toBe(`1.${last - 1}`);
    expect(await count(one, 'one')).toBe(`1.${last}`);
  }
  expect(await tallies()).toEqual([
    ['one', last - 3],
    ['other', 3],
  ]);
  expect(await one.readLog(0, 200)).toHaveLength(last);
});

it('keeps its connection when another process has come first, and then trusts in itself later', async () => {
  const { pool, packets } = counting(database.open(1));
  let connections = 0;
  pool.on('connection', () => (connections += 1));
  const [one, other] = [openStore(pool, []), openStore(database.open(), [])];
  const packetsOfOne = async () => {
    const before = packets();
    await count(one, 'x');
    return packets() - before;
  };
  await countOften(one, 'x');
  expect(await packetsOfOne()).toBe(1);
  await count(other, 'x');
  // The one that fails, its ROLLBACK, the head, the positions, the events.
  expect(await packetsOfOne()).toBe(5);
  await countOften(one, 'x');
  expect(await packetsOfOne()).toBe(2);
  await countOften(one, 'x');
  expect(await packetsOfOne()).toBe(1);
  expect(connections).toBe(1);
});

it.each([
  ['with a read model in the packet', [talliesProjection]],
  ['by itself', []],
])(
  'tells a log head that is behind the events from a row made meanwhile, %s',
  async (_what, projections) => {
    const store = openStore(database.pool, projections);
    await countOften(store, 'x');
    await database.admin.query(
      `INSERT INTO events (incarnation, position, stream_id, version, type, schema_version, data, metadata, hash)
        SELECT incarnation, position + 1, 'restored', 1, type, schema_version, data, metadata, hash
        FROM events WHERE position = ?`,
      [MANY],
    );
    await expect(count(store, 'x')).rejects.toMatchObject({ code: 'log_head_behind' });
  },
);

it('writes once when several of its own commits foresee the same position', async () => {
  const store = openStore(database.pool);
  await countOften(store, 'x');
  const places = await Promise.all(['a', 'b', 'c', 'd'].map((tally) => count(store, tally)));
  expect(places.toSorted()).toEqual([1, 2, 3, 4].map((n) => `1.${MANY + n}`));
  expect(await tallies()).toEqual([
    ...['a', 'b', 'c', 'd'].map((tally) => [tally, 1]),
    ['x', MANY],
  ]);
});

it('writes in the incarnation that an operator has raised meanwhile', async () => {
  const store = openStore(database.pool);
  await countOften(store, 'x');
  await database.admin.query('UPDATE log_head SET incarnation = incarnation + 1');
  expect(await count(store, 'x')).toBe(`2.${MANY + 1}`);
  expect(await tallies()).toEqual([['x', MANY + 1]]);
});

it('takes no position that stands behind the end of a log that was put back', async () => {
  const store = openStore(database.pool, []);
  await countOften(store, 'x');
  await database.admin.query('DELETE FROM events WHERE position > 5');
  await database.admin.query(
    'UPDATE log_head SET incarnation = incarnation + 1, last_position = 5',
  );
  expect(await count(store, 'x')).toBe('2.6');
});
