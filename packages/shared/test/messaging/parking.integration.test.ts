// A message that cannot be handled is parked with its key; the others go on.
import type { RowDataPacket } from 'mysql2/promise';
import { eventually } from '../../src/testing/eventually.ts';
import { testInfra } from '../../src/testing/infra.ts';
import { sendRaw } from './kafkaAdmin.ts';
import { heardBy, KEYS, make, upTo } from './madeDomain.ts';
import { createParty, type Party } from './party.ts';

const infra = testInfra();
let party: Party;

beforeEach(async () => {
  party = await createParty(infra, infra);
});
afterEach(() => party.end());

interface ParkedRow extends RowDataPacket {
  readonly message_key: string;
  readonly position: number;
  readonly value: string;
  readonly reason: string;
}

async function parkedRows(): Promise<ParkedRow[]> {
  const [rows] = await party.heard.admin.query<ParkedRow[]>(
    'SELECT * FROM parked_messages ORDER BY message_key, incarnation, position, part',
  );
  return rows;
}

it('a poison message parks its key and what follows it, and the next key goes on', async () => {
  const publisher = await party.startPublisher();
  const consumer = party.startConsumer(publisher);
  // 'e' shares its partition with others: 4 partitions, 12 keys.
  await make(publisher.store, KEYS, 1, 6, (key, number) => key === 'e' && number === 3);
  await eventually(async () => {
    const heard = await heardBy(consumer.store);
    for (const key of KEYS) expect(heard.get(key)).toEqual(upTo(key === 'e' ? 2 : 6));
    return true;
  }, 'all keys but the parked one are handled');
  await eventually(async () => (await parkedRows()).length === 4, 'the rest of the key is parked');
  const rows = await parkedRows();
  expect(rows.map((row) => row.message_key)).toEqual(['e', 'e', 'e', 'e']);
  expect(
    rows.map((row) => (JSON.parse(row.value) as { data: { number: number } }).data.number),
  ).toEqual([3, 4, 5, 6]);
  expect(rows[0]?.reason).toBe('Error: e 3 is poison');
  expect(rows[1]?.reason).toMatch(/parked before it/);

  // The next process knows of it.
  await consumer.stop();
  const next = party.startConsumer(publisher);
  await make(publisher.store, KEYS, 7, 7);
  await eventually(async () => {
    const heard = await heardBy(next.store);
    for (const key of KEYS) expect(heard.get(key)).toEqual(upTo(key === 'e' ? 2 : 7));
    expect(await parkedRows()).toHaveLength(5);
    return true;
  }, 'the key stays parked');
});

it('a record that is no message is parked alone, once', async () => {
  const publisher = await party.startPublisher();
  const consumer = party.startConsumer(publisher);
  await make(publisher.store, KEYS, 1, 2);
  await eventually(async () => (await heardBy(consumer.store)).size === KEYS.length, 'it runs');
  await sendRaw(infra.brokers, party.topic, 0, ['not JSON', '{"specversion":"1.0"}']);
  await eventually(async () => (await parkedRows()).length === 2, 'both are parked');
  await make(publisher.store, KEYS, 3, 3);
  await consumer.stop();
  const next = party.startConsumer(publisher);
  await make(publisher.store, KEYS, 4, 4);
  await eventually(async () => {
    const heard = await heardBy(next.store);
    for (const key of KEYS) expect(heard.get(key)).toEqual(upTo(4));
    return true;
  }, 'everything else is handled');
  const rows = await parkedRows();
  expect(rows.map((row) => [row.message_key, row.value])).toEqual([
    ['(unreadable)', 'not JSON'],
    ['(unreadable)', '{"specversion":"1.0"}'],
  ]);
});

it('a consumer that finds more than a few poison messages within a minute stops, and says so', async () => {
  const publisher = await party.startPublisher();
  const consumer = party.startConsumer(publisher);
  await make(publisher.store, KEYS, 1, 2, (_key, number) => number === 2);
  await eventually(() => {
    expect(() => {
      consumer.messaging.requireReady();
    }).toThrow(/That is the code/);
    return true;
  }, 'the consumer is stopped');
  expect((await parkedRows()).length).toBeLessThanOrEqual(5);
  expect(consumer.fatal).toEqual([]);
});
