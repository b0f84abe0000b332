// The answer to COMMIT is lost: the store finds out what happened, and never guesses.
import { START } from '../../src/messaging/chain.ts';
import type { EventStore, Redrive, Unit } from '../../src/eventstore/eventStore.ts';
import { createMysqlEventStore } from '../../src/eventstore/mysqlEventStore.ts';
import { testInfra } from '../../src/testing/infra.ts';
import {
  append,
  opened,
  talliesProjection,
  tallyCodec,
  type TallyEvent,
} from '../../src/testing/tallyDomain.ts';
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
  // With a read model: what a transaction locks before its events goes out in a packet of its own.
  const options = { codec: tallyCodec, projections: [talliesProjection] };
  store = createMysqlEventStore({ ...options, pool });
  direct = createMysqlEventStore({ ...options, pool: database.pool });
  await direct.readCursors('reader', 'news.v1', [0]);
  await direct.commit([{ streams: [], parked: [parkedAt(2), parkedAt(3)] }]);
});
afterEach(() => proxy.close());
afterAll(() => database.drop());

const NOT_COMMITTED = { code: 'not_committed', retryable: true };
const reached = { incarnation: 1, position: 9, part: 2 };
const cursorMove = {
  consumer: 'reader',
  from: START,
  fromOffset: '0',
  to: { topic: 'news.v1', partition: 0, place: reached, nextOffset: '5' },
};
/** As of a batch that only parks a record that is no message. */
const offsetMove = { ...cursorMove, to: { ...cursorMove.to, place: START } };
const key = { consumer: 'reader', topic: 'news.v1', key: '42' };
const placeAt = (position: number) => ({ incarnation: 1, position, part: 0 });
const parkedAt = (position: number) => ({
  ...{ ...key, partition: 0, place: placeAt(position), value: '{}' },
  ...{ reason: 'a test', parkedAt: '2026-01-02T03:04:05.678Z' },
});
/** As a redrive has it: the partition must still be ours, and that is all. */
const unmoved = { ...cursorMove, to: { ...cursorMove.to, place: START, nextOffset: '0' } };
const leaving: Redrive = {
  ...{ key, wish: 'retry', removed: [placeAt(2)] },
  kept: { place: placeAt(3), reason: 'a test', answer: null, wish: 'retry' },
};
const answered: Redrive = {
  ...{ key, wish: 'retry', removed: [] },
  kept: { place: placeAt(2), reason: 'still', answer: 'failed again', wish: null },
};
const unitsWith: [string, Unit<TallyEvent>][] = [
  ['events', { streams: [append('a', 0, opened('a'))] }],
  ['events and a cursor', { streams: [append('a', 0, opened('a'))], cursors: [cursorMove] }],
  ['a cursor alone', { streams: [], cursors: [cursorMove] }],
  ['an offset alone', { streams: [], cursors: [offsetMove] }],
  ['messages that leave', { streams: [], cursors: [unmoved], redrive: leaving }],
  ['an answer to a wish', { streams: [], cursors: [unmoved], redrive: answered }],
];

/** What is parked once a unit is committed, as `written` gives it. */
function parkedAfter({ redrive }: Unit<TallyEvent>): readonly string[] {
  if (redrive === undefined) return ['2 a test', '3 a test'];
  return redrive.removed.length > 0 ? ['3 a test'] : ['2 still', '3 a test'];
}

/** Where everything stands, asked without the proxy. */
async function written() {
  const [cursor] = await direct.readCursors('reader', 'news.v1', [0]);
  const { place, nextOffset } = cursor ?? {};
  const parked = (await direct.readParked(key, 10)).map(
    (kept) => `${kept.place.position} ${kept.reason}`,
  );
  return { events: (await direct.readLog(0, 100)).length, place, nextOffset, parked };
}

/** Events that a store has committed before; after so many it foresees its positions, and takes them with COMMIT. */
const stores = [
  ['a store that waits for its positions', 0],
  ['a store that foresees its positions', 12],
] as const;

describe.each(stores)('In %s', (_store, before) => {
  beforeEach(async () => {
    for (let n = 1; n <= before; n += 1)
      await store.commit([{ streams: [append(`s-${n}`, 0, opened(`s-${n}`))] }]);
  });

  describe.each(unitsWith)('when the connection breaks at the COMMIT of %s', (_name, unit) => {
    const parked = ['2 a test', '3 a test'];
    const nothing = { events: before, place: START, nextOffset: '0', parked };
    const all = {
      events: before + unit.streams.length,
      place: unit.cursors?.[0]?.to.place ?? START,
      nextOffset: unit.cursors?.[0]?.to.nextOffset ?? '0',
      parked: parkedAfter(unit),
    };

    it('and the commit has happened, it returns as if nothing had been', async () => {
      const heard: string[] = [];
      store.onCommitted((events) => heard.push(...events.map((event) => event.streamId)));
      proxy.fail('lose-reply');
      const recorded = await store.commit([unit]);
      expect(await written()).toEqual(all);
      expect(recorded).toEqual(await direct.readLog(before, 10));
      expect(heard).toEqual(recorded.map((event) => event.streamId));
    });

    it('and the commit has not happened, it fails retryably, and a retry succeeds', async () => {
      proxy.fail('lose-request');
      await expect(store.commit([unit])).rejects.toMatchObject(NOT_COMMITTED);
      expect(await written()).toEqual(nothing);
      await store.commit([unit]);
      expect(await written()).toEqual(all);
    });

    const takesLockAtCommit = before > 0 && unit.streams.length > 0;
    it.each(['commit', 'cut'] as const)(
      takesLockAtCommit
        ? 'and its session has not read it yet, it never happens (%s)'
        : 'and its session still lives on the server, it waits for the end of that (%s)',
      async (end) => {
        proxy.fail('delay');
        const outcome = Promise.allSettled([store.commit([unit])]);
        // This is what a store would have seen that only looks: 'no', while the commit is still to come.
        if (takesLockAtCommit) await outcome;
        else await untilLockWait(database);
        expect((await direct.head()).position).toBe(before);
        await proxy.finish(end);
        const [settled] = await outcome;
        const isWritten = end === 'commit' && !takesLockAtCommit;
        expect(settled).toMatchObject(
          isWritten ? { status: 'fulfilled' } : { status: 'rejected', reason: NOT_COMMITTED },
        );
        expect(await written()).toEqual(isWritten ? all : nothing);
        if (!isWritten) await store.commit([unit]);
        expect(await written()).toEqual(all);
      },
    );

    it('and the database stays away, it says that it does not know', async () => {
      proxy.fail('lose-reply', true);
      await expect(store.commit([unit])).rejects.toMatchObject({
        code: 'commit_unknown',
        retryable: true,
      });
      // Trying again is safe, whatever has happened: versions and cursors decide; an answer is given twice.
      const kind = unit.cursors === undefined ? 'version' : 'cursor';
      if (unit.redrive?.removed.length === 0) await direct.commit([unit]);
      else
        await expect(direct.commit([unit])).rejects.toMatchObject({ name: 'ConflictError', kind });
      expect(await written()).toEqual(all);
    });
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
