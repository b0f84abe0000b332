// Kafka loses what it had: the loss is noticed, the publisher sends again, and nothing is lost or doubled.
import { eventually } from '../../src/testing/eventually.ts';
import { testInfra } from '../../src/testing/infra.ts';
import { deleteAllRecords, deleteTopic, makeTopic } from './kafkaAdmin.ts';
import { heardBy, KEYS, make } from './madeDomain.ts';
import { createParty, untilAllHeard, untilSent, type Party, type Publisher } from './party.ts';

const infra = testInfra();
const { brokers } = infra;
let party: Party;
let publisher: Publisher;

beforeEach(async () => {
  party = await createParty(infra, infra);
  publisher = await party.startPublisher();
});
afterEach(() => party.end());

it('records that were deleted before a new consumer came are sent again', async () => {
  await make(publisher.store, KEYS, 1, 10);
  await untilSent(party, 10);
  await deleteAllRecords(brokers, party.topic);
  const consumer = party.startConsumer(publisher);
  await untilAllHeard(consumer.store, 10);
});

it('records that were deleted while the consumer was away are sent again, before those that came later', async () => {
  const first = party.startConsumer(publisher);
  await make(publisher.store, KEYS, 1, 5);
  await untilAllHeard(first.store, 5);
  await first.stop();
  await make(publisher.store, KEYS, 6, 10);
  await untilSent(party, 10);
  await deleteAllRecords(brokers, party.topic);
  await make(publisher.store, KEYS, 11, 15);
  const second = party.startConsumer(publisher);
  await untilAllHeard(second.store, 15);
});

it('a topic that is wiped while the consumer runs is filled again, also when no new message comes', async () => {
  const consumer = party.startConsumer(publisher);
  await make(publisher.store, KEYS, 1, 5);
  await untilAllHeard(consumer.store, 5);
  await consumer.stop();
  await make(publisher.store, KEYS, 6, 10);
  await untilSent(party, 10);
  // Somebody else makes it again, so the publisher has no reason to look.
  await deleteTopic(brokers, party.topic);
  await makeTopic(brokers, party.topic, 4);
  const second = party.startConsumer(publisher);
  await untilAllHeard(second.store, 10);
});

it('a topic that is wiped under a running consumer and a busy relay loses nothing', async () => {
  const consumer = party.startConsumer(publisher);
  await make(publisher.store, KEYS, 1, 20);
  await eventually(async () => (await heardBy(consumer.store)).size > 0, 'the consumer has begun');
  const making = make(publisher.store, KEYS, 21, 60);
  await deleteTopic(brokers, party.topic);
  await makeTopic(brokers, party.topic, 4);
  await making;
  await untilAllHeard(consumer.store, 60);
});

it('a topic that is gone is made again by its publisher, with all that was in it', async () => {
  const consumer = party.startConsumer(publisher);
  await make(publisher.store, KEYS, 1, 5);
  await untilAllHeard(consumer.store, 5);
  await consumer.stop();
  await make(publisher.store, KEYS, 6, 10);
  await untilSent(party, 10);
  await deleteTopic(brokers, party.topic);
  // Nothing is sent, so that only a look at the topic can show that it is gone.
  const second = party.startConsumer(publisher);
  await untilAllHeard(second.store, 10);
  // And under a running consumer, found by a send that fails.
  await deleteTopic(brokers, party.topic);
  await make(publisher.store, KEYS, 11, 15);
  await untilAllHeard(second.store, 15);
});
