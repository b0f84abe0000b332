// kill -9 between two steps: nothing is lost, and what comes twice has no second effect.
import type { RowDataPacket } from 'mysql2/promise';
import { createMysqlEventStore } from '../../src/eventstore/mysqlEventStore.ts';
import { eventStoreSchema } from '../../src/eventstore/tables.ts';
import { createKafka } from '../../src/messaging/kafka.ts';
import { createLogger } from '../../src/runtime/logger.ts';
import { eventually } from '../../src/testing/eventually.ts';
import { testInfra } from '../../src/testing/infra.ts';
import { createTestDatabase, type TestDatabase } from '../../src/testing/testDatabase.ts';
import { startChildService } from './childService.ts';
import { heardBy, KEYS, make, madeCodec, upTo, type Made } from './madeDomain.ts';
import { startConsumer, startPublisher, uniqueName, type ServiceSettings } from './testServices.ts';

const infra = testInfra();
const broker = createKafka({
  ...{ brokers: infra.brokers, clientId: 'test' },
  logger: createLogger({ service: 'test', level: 'silent' }),
});
let made: TestDatabase;
let heard: TestDatabase;
let settings: ServiceSettings;

beforeEach(async () => {
  made = await createTestDatabase(eventStoreSchema, infra);
  heard = await createTestDatabase(eventStoreSchema, infra);
  settings = { brokers: infra.brokers, topic: uniqueName('made'), database: made.settings };
});
afterEach(async () => {
  await made.drop();
  await heard.drop();
});

const madeStore = () =>
  createMysqlEventStore<Made>({ pool: made.pool, codec: madeCodec, projections: [] });

async function recordsInTopic(): Promise<number> {
  const offsets = await broker.readOffsets(settings.topic);
  return [...(offsets?.values() ?? [])].reduce((sum, { high }) => sum + Number(high), 0);
}

async function cursorPositions(table: string, database: TestDatabase): Promise<number[]> {
  const [rows] = await database.admin.query<(RowDataPacket & { position: number })[]>(
    'SELECT position FROM ?? ORDER BY partition_id',
    [table],
  );
  return rows.map((row) => row.position);
}

const expected = (count: number) => new Map(KEYS.map((key) => [key, upTo(count)]));
const sorted = (map: ReadonlyMap<string, number[]>) => new Map([...map].sort());

it('a relay that died before it moved its cursors sends again, and the consumer applies once', async () => {
  await make(madeStore(), KEYS, 1, 10);
  const dying = startChildService({ role: 'publisher', dieAfterSend: true, settings });
  expect(await dying.ended).toBe('SIGKILL');
  const sentOnce = await recordsInTopic();
  expect(sentOnce).toBeGreaterThan(0);
  expect(Math.max(...(await cursorPositions('relay_cursors', made)))).toBe(0);

  const publisher = await startPublisher(settings);
  const consumer = startConsumer({
    ...{ ...settings, database: heard.settings },
    ...{ groupId: settings.topic, publisherUrl: publisher.url },
  });
  await make(publisher.store, KEYS, 11, 12);
  await eventually(async () => {
    expect(sorted(await heardBy(consumer.store))).toEqual(expected(12));
    return true;
  }, 'everything was heard of once');
  // The topic holds what the dead one sent twice, or more often: a send whose answer is lost is repeated.
  expect(await recordsInTopic()).toBeGreaterThanOrEqual(sentOnce + KEYS.length * 12);
  await consumer.stop();
  await publisher.stop();
  expect([...publisher.fatal, ...consumer.fatal]).toEqual([]);
});

it('a consumer that died right after its transaction goes on behind it', async () => {
  const publisher = await startPublisher(settings);
  const consuming = {
    ...{ ...settings, database: heard.settings },
    ...{ groupId: settings.topic, publisherUrl: publisher.url },
  };
  await make(publisher.store, KEYS, 1, 10);
  const dying = startChildService({ role: 'consumer', dieAfterCommit: true, settings: consuming });
  expect(await dying.ended).toBe('SIGKILL');
  expect(Math.max(...(await cursorPositions('consumer_cursors', heard)))).toBeGreaterThan(0);
  await make(publisher.store, KEYS, 11, 12);
  const consumer = startConsumer(consuming);
  await eventually(async () => {
    expect(sorted(await heardBy(consumer.store))).toEqual(expected(12));
    return true;
  }, 'everything was heard of once');
  await consumer.stop();
  await publisher.stop();
  expect([...publisher.fatal, ...consumer.fatal]).toEqual([]);
});
