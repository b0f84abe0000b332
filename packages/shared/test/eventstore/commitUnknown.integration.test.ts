// The answer to COMMIT is lost: the store finds out what happened, and never guesses.
import { START } from '../../src/messaging/chain.ts';
import type { EventStore, Unit } from '../../src/eventstore/eventStore.ts';
import { createMysqlEventStore } from '../../src/eventstore/mysqlEventStore.ts';
import { testInfra } from '../../src/testing/infra.ts';
import { append, opened, tallyCodec, type TallyEvent } from '../../src/testing/tallyDomain.ts';
import { createTestDatabase, type TestDatabase } from '../../src/testing/testDatabase.ts';
import { startCommitProxy, type CommitProxy } from './commitProxy.ts';
import { emptyTables, untilLockWait, tallySchema } from './tallySchema.ts';

let database: TestDatabase;
let proxy: CommitProxy;
let store: EventStore<TallyEvent>;
let direct: EventStore<TallyEvent>;

beforeAll(async () => {
  database = await createTestDatabase(tallySchema, testInfra());
});
beforeEach(async () => {
  await emptyTables(database);
  proxy = await startCommitProxy(database.settings);
  const pool = database.open(4, proxy.port);
  store = createMysqlEventStore({ pool, codec: tallyCodec, projections: [] });
  direct = createMysqlEventStore({ pool: database.pool, codec: tallyCodec, projections: [] });
  await direct.readCursors('reader', 'news.v1', [0]);
});
afterEach(() => proxy.close());
afterAll(() => database.drop());

const reached = { incarnation: 1, position: 9, part: 2 };
const cursorMove = {
  consumer: 'reader',
  from: START,
  fromOffset: '0',
  to: { topic: 'news.v1', partition: 0, place: reached, nextOffset: '5' },
};
/** As of a batch that only parks a record that is no message. */
const offsetMove = { ...cursorMove, to: { ...cursorMove.to, place: START } };
const unitsWith: [string, Unit<TallyEvent>][] = [
  ['events', { streams: [append('a', 0, opened('a'))] }],
  ['events and a cursor', { streams: [append('a', 0, opened('a'))], cursors: [cursorMove] }],
  ['a cursor alone', { streams: [], cursors: [cursorMove] }],
  ['an offset alone', { streams: [], cursors: [offsetMove] }],
];

/** Where everything stands, asked without the proxy. */
async function written() {
  const [cursor] = await direct.readCursors('reader', 'news.v1', [0]);
  const { place, nextOffset } = cursor ?? {};
  return { events: (await direct.readLog(0, 10)).length, place, nextOffset };
}

describe.each(unitsWith)('When the connection breaks at the COMMIT of %s', (_name, unit) => {
  const all = {
    events: unit.streams.length,
    place: unit.cursors?.[0]?.to.place ?? START,
    nextOffset: unit.cursors?.[0]?.to.nextOffset ?? '0',
  };
  const nothing = { events: 0, place: START, nextOffset: '0' };

  it('and the commit has happened, it returns as if nothing had been', async () => {
    const heard: string[] = [];
    store.onCommitted((events) => heard.push(...events.map((event) => event.streamId)));
    proxy.fail('lose-reply');
    const recorded = await store.commit([unit]);
    expect(await written()).toEqual(all);
    expect(recorded).toEqual(await direct.readLog(0, 10));
    expect(heard).toEqual(recorded.map((event) => event.streamId));
  });

  it('and the commit has not happened, it fails retryably, and a retry succeeds', async () => {
    proxy.fail('lose-request');
    await expect(store.commit([unit])).rejects.toMatchObject({
      code: 'not_committed',
      retryable: true,
    });
    expect(await written()).toEqual(nothing);
    await store.commit([unit]);
    expect(await written()).toEqual(all);
  });

  it.each(['commit', 'cut'] as const)(
    'and its session still lives on the server, it waits for the end of that (%s)',
    async (end) => {
      proxy.fail('delay');
      const outcome = Promise.allSettled([store.commit([unit])]);
      await untilLockWait(database);
      // This is what a store would have seen that only looks: 'no', while the commit is still to come.
      expect((await direct.head()).position).toBe(0);
      proxy.finish(end);
      const [settled] = await outcome;
      expect(settled.status).toBe(end === 'commit' ? 'fulfilled' : 'rejected');
      if (settled.status === 'rejected')
        expect(settled.reason).toMatchObject({ code: 'not_committed', retryable: true });
      expect(await written()).toEqual(end === 'commit' ? all : nothing);
    },
  );

  it('and the database stays away, it says that it does not know', async () => {
    proxy.fail('lose-reply', true);
    await expect(store.commit([unit])).rejects.toMatchObject({
      code: 'commit_unknown',
      retryable: true,
    });
    // Trying again is safe, whatever has happened: versions and cursors decide.
    const kind = unit.cursors === undefined ? 'version' : 'cursor';
    await expect(direct.commit([unit])).rejects.toMatchObject({ name: 'ConflictError', kind });
    expect(await written()).toEqual(all);
  });
});

it('A broken connection before COMMIT is a retryable error, and nothing is written', async () => {
  const blocker = await database.pool.getConnection();
  await blocker.query('BEGIN');
  await blocker.query('SELECT * FROM log_head FOR UPDATE');
  const failing = store.commit([{ streams: [append('a', 0, opened('a'))] }]);
  const outcome = expect(failing).rejects.toMatchObject({
    code: 'database_unavailable',
    retryable: true,
  });
  await untilLockWait(database);
  await proxy.close();
  await outcome;
  await blocker.query('ROLLBACK');
  blocker.release();
  expect((await written()).events).toBe(0);
});
