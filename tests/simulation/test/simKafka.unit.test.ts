// The simulated broker keeps the contract of the real one. Its time goes by itself here, as fast as it can.
import { brokerContract } from '@orderflow/shared/testing/brokerContract.ts';
import { openBroker } from '../broker.ts';
import { SimKafka } from '../kafka.ts';
import { createRandom } from '../random.ts';
import { drive, Scheduler } from '../scheduler.ts';
import { SimProcess, World } from '../world.ts';

const ended = new AbortController();
afterAll(() => {
  ended.abort();
});

/** Lets time go by until the tests are over; whenever nothing is due it waits for somebody to ask for something. */
async function live(scheduler: Scheduler): Promise<void> {
  while (!ended.signal.aborted) {
    await drive(scheduler, () => ended.signal.aborted);
    await new Promise((resolve) => setTimeout(resolve, 1));
  }
}

let names = 0;
brokerContract('simulated', () => {
  const scheduler = new Scheduler();
  const world = new World(scheduler, createRandom(1, 'contract'), []);
  void live(scheduler);
  return {
    broker: openBroker(world, new SimProcess('test', 'orders'), new SimKafka(world)),
    uniqueName: (prefix) => `${prefix}-${(names += 1)}`,
  };
});
