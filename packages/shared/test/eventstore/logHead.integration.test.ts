// Positions without gaps, in commit order: what the log head is for, shown with real connections.
import type { PoolConnection, ResultSetHeader, RowDataPacket } from 'mysql2/promise';
import type { EventStore } from '../../src/eventstore/eventStore.ts';
import { verifyHashChain } from '../../src/eventstore/eventRows.ts';
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
  tallyCodec,
  type TallyEvent,
} from '../../src/testing/tallyDomain.ts';
import { createTestDatabase, type TestDatabase } from '../../src/testing/testDatabase.ts';
import { emptyTables, untilLockWait, tallySchema } from './tallySchema.ts';

let database: TestDatabase;
let store: EventStore<TallyEvent>;
const openStore = (): EventStore<TallyEvent> =>
  createMysqlEventStore({ pool: database.open(), codec: tallyCodec, projections: [] });

beforeAll(async () => {
  database = await createTestDatabase(tallySchema, testInfra());
  store = openStore();
});
beforeEach(() => emptyTables(database));
afterAll(() => database.drop());

/** Appends one event on a connection of its own, and leaves its transaction open. */
async function appendUncommitted(streamId: string): Promise<PoolConnection> {
  const connection = await database.pool.getConnection();
  const transaction = new GatheredTransaction(connection);
  const units = [{ streams: [append(streamId, 0, opened(streamId))] }];
  await createUnitWriter<TallyEvent, never>([], createLogPositions())(
    transaction,
    units,
    prepareAppends(units, tallyCodec),
    { looksForNew: false, mayForesee: true },
  );
  await transaction.send();
  return connection;
}

const positionsAfter = async (after: number) =>
  (await store.readLog(after, 100)).map((event) => event.position);

describe('A reader that asks for everything above the last number it has seen', () => {
  it('skips a late commit for ever when the numbers come from AUTO_INCREMENT', async () => {
    const { admin } = database;
    await admin.query('CREATE TABLE numbered (id INT PRIMARY KEY AUTO_INCREMENT)');
    const idsAfter = async (last: number) => {
      const sql = 'SELECT id FROM numbered WHERE id > ? ORDER BY id';
      const [rows] = await admin.query<(RowDataPacket & { id: number })[]>(sql, [last]);
      return rows.map(({ id }) => id);
    };
    const slow = await database.admin.getConnection();
    await slow.query('BEGIN');
    const [first] = await slow.query<ResultSetHeader>('INSERT INTO numbered VALUES ()');
    const [second] = await admin.query<ResultSetHeader>('INSERT INTO numbered VALUES ()');
    expect([first.insertId, second.insertId]).toEqual([1, 2]);
    expect(await idsAfter(0)).toEqual([2]);
    await slow.query('COMMIT');
    slow.release();
    // It is there now, and the reader, who is at 2, will never ask for it.
    expect(await idsAfter(0)).toEqual([1, 2]);
    expect(await idsAfter(2)).toEqual([]);
  });

  it('skips nothing when the positions come from the log head', async () => {
    const slow = await appendUncommitted('slow');
    const fast = store.commit([{ streams: [append('fast', 0, opened('fast'))] }]);
    await untilLockWait(database);
    expect(await positionsAfter(0)).toEqual([]);
    await slow.query('COMMIT');
    slow.release();
    expect((await fast).map((event) => event.position)).toEqual([2]);
    expect((await store.readLog(0, 10)).map((e) => e.streamId)).toEqual(['slow', 'fast']);
  });
});

describe('The log head', () => {
  it('gives the position of a killed transaction to the next one', async () => {
    const doomed = await appendUncommitted('doomed');
    await database.admin.query('KILL CONNECTION ?', [doomed.threadId]);
    const [event] = await store.commit([{ streams: [append('next', 0, opened('next'))] }]);
    expect(event?.position).toBe(1);
    expect(await store.readStreams(['doomed'])).toEqual(new Map());
    doomed.destroy();
  });

  it('gives several processes positions without gaps, in the order of their commits', async () => {
    const writers = [openStore(), openStore(), openStore(), openStore()];
    const rounds = 25;
    let last = 0;
    let writing = true;
    // Follows the log while it grows. readLog itself throws if a position is missing.
    const reader = async (): Promise<number[]> => {
      const seen: number[] = [];
      while (writing || last < (await store.head()).position) {
        for (const event of await store.readLog(last, 7)) seen.push((last = event.position));
      }
      return seen;
    };
    const write = async (writer: EventStore<TallyEvent>, id: number): Promise<number[]> => {
      const positions: number[] = [];
      for (let round = 0; round < rounds; round += 1) {
        const own = append(`own-${id}-${round}`, 0, counted('x'), counted('x'));
        // One of the writers wins this stream, the others roll back after they have taken positions.
        const fought = append(`fought-${round}`, 0, opened('x'));
        await writer.commit([{ streams: [own, fought] }]).catch(() => []);
        const events = await writer.commit([
          { streams: [append(`sure-${id}-${round}`, 0, counted('x'))] },
        ]);
        positions.push(...events.map((event) => event.position));
      }
      return positions;
    };
    const reading = reader();
    const written = await Promise.all(writers.map(write));
    writing = false;
    const seen = await reading;
    // Each round: one winner with 3 events, and a sure event of each of the four.
    expect(seen).toEqual(Array.from({ length: rounds * 7 }, (_, index) => index + 1));
    for (const positions of written) expect(positions).toEqual(positions.toSorted((a, b) => a - b));
    expect(new Set(written.flat()).size).toBe(rounds * 4);
  });

  it('takes over an incarnation that an operator has raised', async () => {
    await store.commit([{ streams: [append('a', 0, opened('a'))] }]);
    await database.admin.query('UPDATE log_head SET incarnation = 7');
    const [event] = await store.commit([{ streams: [append('a', 1, counted('a'))] }]);
    expect(event).toMatchObject({ incarnation: 7, position: 2 });
    expect(await store.head()).toEqual({ incarnation: 7, position: 2 });
    expect((await store.readLog(1, 1))[0]).toMatchObject({ incarnation: 7 });
  });

  it('does not trust a head that was carried from before a restore', async () => {
    const recorded = await store.commit([{ streams: [append('a', 0, opened('a'), counted('a'))] }]);
    const head = recorded.at(-1);
    // The backup has the first event alone.
    await database.admin.query('DELETE FROM events WHERE position = 2');
    await database.admin.query('UPDATE log_head SET incarnation = 2, last_position = 1');
    const late = store.commit([{ streams: [{ ...append('a', 2, counted('a')), head }] }]);
    await expect(late).rejects.toMatchObject({ kind: 'version', subject: 'a' });
    const [next] = await store.commit([{ streams: [append('a', 1, counted('a', 5))] }]);
    expect(next).toMatchObject({ incarnation: 2, version: 2 });
    expect(await verifyHashChain(database.pool, 'a')).toBeUndefined();
  });

  it('makes an assertion wait for an append under way, and fail after it', async () => {
    const writer = await appendUncommitted('a');
    const asserting = store.commit([{ streams: [append('a', 0), append('b', 0, opened('b'))] }]);
    await untilLockWait(database);
    await writer.query('COMMIT');
    writer.release();
    await expect(asserting).rejects.toMatchObject({ kind: 'version', subject: 'a' });
  });

  it('is not locked by a commit of cursors alone', async () => {
    const writer = await appendUncommitted('a');
    const [cursor] = await store.readCursors('reader', 'news.v1', [0]);
    if (cursor === undefined) throw new Error('no cursor');
    const to = { ...cursor, place: { incarnation: 1, position: 5, part: 0 } };
    await store.commit([
      { streams: [], cursors: [{ consumer: 'reader', from: cursor.place, fromOffset: '0', to }] },
    ]);
    await writer.query('ROLLBACK');
    writer.release();
    expect(await store.readCursors('reader', 'news.v1', [0])).toEqual([to]);
  });

  it('writes a batch that is larger than one statement', async () => {
    const name = 'x'.repeat(60_000);
    const streams = Array.from({ length: 100 }, (_, index) =>
      append(`s-${index}`, 0, opened('a', name)),
    );
    const recorded = await store.commit([{ streams }]);
    expect(recorded).toHaveLength(100);
    expect(await positionsAfter(98)).toEqual([99, 100]);
  });

  it('refuses to read past a position that somebody has removed', async () => {
    await store.commit([{ streams: [append('a', 0, opened('a'), counted('a'), counted('a'))] }]);
    await database.admin.query('DELETE FROM events WHERE position = 2');
    await expect(store.readLog(0, 10)).rejects.toThrow('no event at position 2');
  });
});
