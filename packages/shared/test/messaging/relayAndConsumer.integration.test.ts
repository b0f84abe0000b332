// Relay and consumer through real Kafka: the plain way, and what happens when either of them dies in the middle.
import { eventStoreSchema } from '../../src/eventstore/tables.ts';
import { eventually } from '../../src/testing/eventually.ts';
import { testInfra } from '../../src/testing/infra.ts';
import { createTestDatabase, type TestDatabase } from '../../src/testing/testDatabase.ts';
import { heardBy, KEYS, make, upTo } from './madeDomain.ts';
import { startConsumer, startPublisher, uniqueName } from './testServices.ts';

const infra = testInfra();
let made: TestDatabase;
let heard: TestDatabase;

beforeEach(async () => {
  made = await createTestDatabase(eventStoreSchema, infra);
  heard = await createTestDatabase(eventStoreSchema, infra);
});
afterEach(async () => {
  await made.drop();
  await heard.drop();
});

describe('the way from one log to the other', () => {
  it('brings every event once, in order per key', async () => {
    const topic = uniqueName('made');
    const base = { brokers: infra.brokers, topic };
    const publisher = await startPublisher({ ...base, database: made.settings });
    const consumer = startConsumer({
      ...{ ...base, database: heard.settings },
      ...{ groupId: topic, publisherUrl: publisher.url },
    });
    await make(publisher.store, KEYS, 1, 50);
    await eventually(async () => {
      const all = await heardBy(consumer.store);
      expect([...all.values()].map((numbers) => numbers.length)).toEqual(KEYS.map(() => 50));
      return true;
    }, 'all that was made was heard of');
    for (const numbers of (await heardBy(consumer.store)).values())
      expect(numbers).toEqual(upTo(50));
    await consumer.stop();
    await publisher.stop();
    expect([...publisher.fatal, ...consumer.fatal]).toEqual([]);
  });
});
