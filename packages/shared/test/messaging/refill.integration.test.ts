// A topic whose loss nobody can notice is sent again when an operator says so.
import { refillTopic } from '../../src/messaging/refill.ts';
import { eventually } from '../../src/testing/eventually.ts';
import { testInfra } from '../../src/testing/infra.ts';
import { deleteTopic, makeTopic } from './kafkaAdmin.ts';
import { KEYS, make } from './madeDomain.ts';
import { createParty, untilAllHeard, untilSent, type Party, type Publisher } from './party.ts';

const infra = testInfra();
let party: Party;
let publisher: Publisher;

beforeEach(async () => {
  party = await createParty(infra, infra);
  publisher = await party.startPublisher();
});
afterEach(() => party.end());

/** All is sent; then the topic is emptied while its publisher is away, before anybody has read of it. */
async function loseEverything(count: number): Promise<void> {
  await make(publisher.store, KEYS, 1, count);
  await untilSent(party, count);
  await publisher.stop();
  await deleteTopic(infra.brokers, party.topic);
  await makeTopic(infra.brokers, party.topic, 4);
}

// A consumer that has handled nothing takes an empty topic for a new one, and the publisher finds the topic in place:
// without a refill nothing would come until somebody makes one more of each key.
it('while the publisher runs', async () => {
  await loseEverything(5);
  publisher = await party.startPublisher();
  const consumer = party.startConsumer(publisher);
  await eventually(() => {
    publisher.messaging.requireReady();
    consumer.messaging.requireReady();
    return true;
  }, 'both are ready');
  await eventually(
    async () => (await refillTopic(party.made.pool, party.topic)).isPublisherRunning,
    'the publisher leads when it is told to send again',
  );
  await untilAllHeard(consumer.store, 5);
  await make(publisher.store, KEYS, 6, 6);
  await untilAllHeard(consumer.store, 6);
});

it('while the publisher is stopped: it is sent when it starts', async () => {
  await loseEverything(5);
  const refill = await refillTopic(party.made.pool, party.topic);
  expect(refill).toEqual({
    topic: party.topic,
    partitions: [0, 1, 2, 3],
    eventCount: 5 * KEYS.length,
    isPublisherRunning: false,
  });
  publisher = await party.startPublisher();
  await untilAllHeard(party.startConsumer(publisher).store, 5);
});

it('one partition alone, and again what was heard of already: nothing is doubled', async () => {
  const consumer = party.startConsumer(publisher);
  await make(publisher.store, KEYS, 1, 5);
  await untilAllHeard(consumer.store, 5);
  expect(await refillTopic(party.made.pool, party.topic, 2)).toMatchObject({ partitions: [2] });
  await refillTopic(party.made.pool, party.topic);
  await make(publisher.store, KEYS, 6, 6);
  await untilAllHeard(consumer.store, 6);
});

it('not where there is no such topic, or no such partition', async () => {
  await expect(refillTopic(party.made.pool, 'another')).rejects.toMatchObject({
    code: 'topic_unknown',
  });
  await make(publisher.store, KEYS, 1, 1);
  await eventually(async () => {
    const [rows] = await party.made.admin.query('SELECT COUNT(*) AS made FROM topics');
    expect(rows).toEqual([{ made: 1 }]);
    return true;
  }, 'the topic is made');
  await expect(refillTopic(party.made.pool, party.topic, 4)).rejects.toThrow(/no partition 4/);
});
