// Relay and consumer through real Kafka: from one log to the other, whatever Kafka's own offsets say.
import { createMysqlEventStore } from '../../src/eventstore/mysqlEventStore.ts';
import { eventually } from '../../src/testing/eventually.ts';
import { testInfra } from '../../src/testing/infra.ts';
import { commitEnd } from './kafkaAdmin.ts';
import { KEYS, make, madeCodec, type Made } from './madeDomain.ts';
import { createParty, untilAllHeard, type Party } from './party.ts';

const infra = testInfra();
let party: Party;

beforeEach(async () => {
  party = await createParty(infra, infra);
});
afterEach(() => party.end());

it('every event comes through once, in order per key', async () => {
  const publisher = await party.startPublisher();
  const consumer = party.startConsumer(publisher);
  await make(publisher.store, KEYS, 1, 50);
  await untilAllHeard(consumer.store, 50);
  consumer.messaging.requireReady();
});

it("the consumer's place is its own cursor: an offset that Kafka has for its group is not believed", async () => {
  const publisher = await party.startPublisher();
  await make(publisher.store, KEYS, 1, 10);
  await eventually(async () => {
    const [rows] = await party.made.admin.query('SELECT MAX(position) AS sent FROM relay_cursors');
    expect(rows).toEqual([{ sent: 10 * KEYS.length }]);
    return true;
  }, 'all are sent');
  await commitEnd(infra.brokers, party.topic, party.topic);
  const consumer = party.startConsumer(publisher);
  await untilAllHeard(consumer.store, 10);
});

it('what another process commits between two commits of the relay’s own comes through in its place', async () => {
  const publisher = await party.startPublisher();
  const consumer = party.startConsumer(publisher);
  const { pool } = party.made;
  const elsewhere = createMysqlEventStore<Made>({ pool, codec: madeCodec, projections: [] });
  // One after the other: the relay is handed 1 and 3 in memory, and must not pass over 2.
  for (let number = 1; number <= 45; number += 1)
    await make(number % 3 === 2 ? elsewhere : publisher.store, KEYS, number, number);
  await untilAllHeard(consumer.store, 45);
  // At once: commits of both, in whatever order.
  const half = KEYS.length / 2;
  await Promise.all([
    make(publisher.store, KEYS.slice(0, half), 46, 90),
    make(elsewhere, KEYS.slice(half), 46, 90),
  ]);
  await untilAllHeard(consumer.store, 90);
});
