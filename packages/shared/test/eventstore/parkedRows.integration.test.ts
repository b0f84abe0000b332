// What operators are shown of parked messages, on a real server.
import type { EventStore, ParkedKey } from '../../src/eventstore/eventStore.ts';
import { createMysqlEventStore } from '../../src/eventstore/mysqlEventStore.ts';
import { readParkedRest, readParkedSummaries, writeWish } from '../../src/eventstore/parkedRows.ts';
import { testInfra } from '../../src/testing/infra.ts';
import { tallyCodec, type TallyEvent } from '../../src/testing/tallyDomain.ts';
import { createTestDatabase, type TestDatabase } from '../../src/testing/testDatabase.ts';
import { emptyTables, tallySchema } from './tallySchema.ts';

let database: TestDatabase;
let store: EventStore<TallyEvent>;

beforeAll(async () => {
  database = await createTestDatabase(tallySchema, testInfra());
  store = createMysqlEventStore({ pool: database.pool, codec: tallyCodec, projections: [] });
});
beforeEach(() => emptyTables(database));
afterAll(() => database.drop());

const place = (position: number) => ({ incarnation: 1, position, part: 0 });
const parked = (consumer: string, topic: string, key: string, position: number) => ({
  ...{ consumer, topic, key, partition: 0, place: place(position), value: '{}' },
  ...{ reason: 'a test', parkedAt: '2026-01-02T03:04:05.678Z' },
});

it('keys are found by consumer, topic and key, whatever stands before them', async () => {
  const all = ['reader', 'writer'].flatMap((consumer) =>
    ['a', 'b'].flatMap((topic) => ['1', '2', '3'].map((key) => parked(consumer, topic, key, 1))),
  );
  await store.commit([{ streams: [], parked: all }]);
  const found = async (of: Partial<ParkedKey>, limit: number) =>
    (await readParkedSummaries(database.pool, of, limit)).map(
      ({ consumer, topic, key }) => `${consumer} ${topic} ${key}`,
    );
  expect(await found({}, 2)).toEqual(['reader a 1', 'reader a 2']);
  expect(await found({ key: '3' }, 2)).toEqual(['reader a 3', 'reader b 3']);
  expect(await found({ consumer: 'writer', topic: 'b' }, 9)).toEqual(
    ['1', '2', '3'].map((key) => `writer b ${key}`),
  );
  expect(await found({ key: 'none' }, 9)).toEqual([]);
});

it('what is left of a key is counted from a place on, with its first message', async () => {
  const key = { consumer: 'reader', topic: 'a', key: '1' };
  const messages = [1, 2, 3].map((position) => parked('reader', 'a', '1', position));
  await store.commit([{ streams: [], parked: [...messages, parked('reader', 'a', '2', 4)] }]);
  await writeWish(database.pool, { ...key, place: place(1) }, 'retry');
  expect(await readParkedRest(database.pool, key)).toMatchObject({
    ...{ count: 3, wishedCount: 1, first: { place: place(1) } },
  });
  expect(await readParkedRest(database.pool, key, place(2))).toMatchObject({
    ...{ count: 2, wishedCount: 0, first: { place: place(2) } },
  });
  const none = { count: 0, wishedCount: 0, first: undefined };
  expect(await readParkedRest(database.pool, { ...key, key: '9' })).toEqual(none);
});
