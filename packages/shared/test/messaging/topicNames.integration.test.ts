// Another TOPIC_PREFIX on a schema that has begun: refused before anything is handled twice.
import { createMysqlEventStore } from '../../src/eventstore/mysqlEventStore.ts';
import { eventStoreSchema } from '../../src/eventstore/tables.ts';
import { createMysqlTopicRecords } from '../../src/messaging/topic.ts';
import { requireSameTopics } from '../../src/messaging/topicNames.ts';
import { openPool } from '../../src/runtime/database.ts';
import { testInfra } from '../../src/testing/infra.ts';
import { createTestDatabase } from '../../src/testing/testDatabase.ts';
import { heardCodec, type Heard, type Made } from './madeDomain.ts';

async function setUp() {
  const database = await createTestDatabase(eventStoreSchema, testInfra());
  const pool = openPool(database.settings);
  const end = async () => {
    await pool.end();
    await database.drop();
  };
  const start = (prefix: string) =>
    requireSameTopics(pool, {
      ...{ prefix, consumer: 'inventory', published: 'inventory.v1', consumed: ['orders.v1'] },
    });
  const store = createMysqlEventStore<Heard, Made>({ pool, codec: heardCodec, projections: [] });
  return { end, start, store, records: createMysqlTopicRecords(pool) };
}

let given: Awaited<ReturnType<typeof setUp>>;
beforeEach(async () => {
  given = await setUp();
});
afterEach(() => given.end());

it('a schema that is empty takes any prefix', async () => {
  await expect(given.start('a.')).resolves.toBeUndefined();
});

it('a schema that has published under one prefix refuses another, and says what to do', async () => {
  await given.records.record('a.inventory.v1', 4);
  await given.records.record('a.something-else', 4);
  await expect(given.start('a.')).resolves.toBeUndefined();
  await expect(given.start('b.')).rejects.toThrow(
    /as a\.inventory\.v1, .* Set TOPIC_PREFIX to "a\." again/,
  );
  await expect(given.start('')).rejects.toMatchObject({
    code: 'topic_renamed',
    retryable: false,
  });
});

it('a consumer that has read under one prefix refuses another', async () => {
  await given.store.readCursors('inventory', 'orders.v1', [0]);
  await given.store.readCursors('another', 'b.orders.v1', [0]);
  await expect(given.start('')).resolves.toBeUndefined();
  await expect(given.start('b.')).rejects.toThrow('Set TOPIC_PREFIX to "" again');
});
