// Somebody with more rights than the service changes the log: the hash chain shows where.
import { verifyHashChain } from '../../src/eventstore/eventRows.ts';
import type { EventStore } from '../../src/eventstore/eventStore.ts';
import { chainHash, GENESIS_HASH } from '../../src/eventstore/hashChain.ts';
import { createMysqlEventStore } from '../../src/eventstore/mysqlEventStore.ts';
import { testInfra } from '../../src/testing/infra.ts';
import {
  append,
  counted,
  opened,
  tallyCodec,
  type TallyEvent,
} from '../../src/testing/tallyDomain.ts';
import { createTestDatabase, type TestDatabase } from '../../src/testing/testDatabase.ts';
import { emptyTables, tallySchema } from './tallySchema.ts';

let database: TestDatabase;
let store: EventStore<TallyEvent>;
beforeAll(async () => {
  database = await createTestDatabase(tallySchema, testInfra());
});
beforeEach(async () => {
  await emptyTables(database);
  store = createMysqlEventStore({
    pool: database.pool,
    codec: tallyCodec,
    projections: [],
  });
  await store.commit([{ streams: [append('a', 0, opened('a'), counted('a', 1))] }]);
  await store.commit([
    { streams: [append('b', 0, opened('b')), append('a', 2, counted('a', 2), counted('a', 3))] },
  ]);
});
afterAll(() => database.drop());

describe('The hash chain of a stream', () => {
  it('holds as long as nobody touches it', async () => {
    expect(await verifyHashChain(database.pool, 'a')).toBeUndefined();
    expect(await verifyHashChain(database.pool, 'never-begun')).toBeUndefined();
  });

  it.each([
    [
      'data',
      `UPDATE events SET data = REPLACE(data, '"amount":1', '"amount":9') WHERE position = 2`,
      2,
    ],
    ['metadata', `UPDATE events SET metadata = '{}' WHERE position = 4`, 3],
    ['a type', `UPDATE events SET type = 'Other' WHERE position = 5`, 4],
    ['a schema version', `UPDATE events SET schema_version = 2 WHERE position = 1`, 1],
    ['a removed event', 'DELETE FROM events WHERE position = 2', 2],
    ['a removed beginning', 'DELETE FROM events WHERE position = 1', 1],
    [
      'an event moved from another stream',
      `UPDATE events SET stream_id = 'a', version = 5 WHERE position = 3`,
      5,
    ],
    ['a recomputed hash', `UPDATE events SET hash = UNHEX(SHA2('x', 256)) WHERE position = 4`, 3],
  ])('breaks at a change of %s', async (_what, change, version) => {
    await database.admin.query(change);
    expect(await verifyHashChain(database.pool, 'a')).toEqual({ version });
  });

  it('breaks at the next event when a changed one got a fitting hash of its own', async () => {
    const [first] = (await store.readStreams(['a'])).get('a') ?? [];
    const changed = { ...opened('a', 'another'), streamId: 'a', version: 1, schemaVersion: 1 };
    const data = JSON.stringify(changed.data);
    const metadata = JSON.stringify(first?.metadata);
    const hash = chainHash(GENESIS_HASH, { ...changed, data, metadata });
    await database.admin.query('UPDATE events SET data = ?, hash = UNHEX(?) WHERE position = 1', [
      data,
      hash,
    ]);
    expect(await verifyHashChain(database.pool, 'a')).toEqual({ version: 2 });
  });
});
