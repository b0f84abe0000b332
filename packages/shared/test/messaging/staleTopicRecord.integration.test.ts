// Two replicas of a publisher look for the topic at the same time, and one of them stands still in the middle.
import { testInfra } from '../../src/testing/infra.ts';
import { eventually } from '../../src/testing/eventually.ts';
import { deleteTopic } from './kafkaAdmin.ts';
import { KEYS, make } from './madeDomain.ts';
import { createParty, untilAllHeard, untilSent, type Party } from './party.ts';

const infra = testInfra();
let party: Party;
beforeEach(async () => {
  party = await createParty(infra, infra);
});
afterEach(() => party.end());

it('a topic that was made, filled and lost while a replica stood still is made again by it with all that was in it', async () => {
  let looks = 0;
  let goOn: () => void = () => undefined;
  const gate = new Promise<void>((resolve) => {
    goOn = resolve;
  });
  const still = await party.startPublisher({
    broker: (real) => ({
      ...real,
      // It has read by now that no topic was ever recorded.
      async partitionCount(topic) {
        looks += 1;
        if (looks === 1) await gate;
        return real.partitionCount(topic);
      },
    }),
  });
  await eventually(() => looks === 1, 'the replica that stands still has read the record');

  const other = await party.startPublisher();
  await make(other.store, KEYS, 1, 5);
  await untilSent(party, 5);
  await other.stop();
  await deleteTopic(infra.brokers, party.topic);
  goOn();

  // It has handled nothing, so an empty topic would be a new one to it.
  const consumer = party.startConsumer(still);
  await untilAllHeard(consumer.store, 5);
});
