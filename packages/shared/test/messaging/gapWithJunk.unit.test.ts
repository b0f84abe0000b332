// Records that are no messages, while the partition waits for one that is missing.
import { eventually } from '../../src/testing/eventually.ts';
import { ofA, setUpConsumer, stopConsumers, TOPIC } from './heardConsumer.ts';

afterEach(stopConsumers);

it('a record that is no message closes no gap: the missing one is asked for again', async () => {
  let later = 0;
  const { broker, start, store, rewinds, untilHeard } = await setUpConsumer({
    now: () => performance.now() + later,
  });
  broker.append(TOPIC, 0, ofA(1), ofA(4));
  start();
  await eventually(() => rewinds.length === 1, 'the publisher is asked');
  broker.append(TOPIC, 0, 'no message');
  await eventually(() => store.parked().length === 1, 'it is parked');
  later = 6_000;
  await eventually(() => rewinds.length === 2, 'the publisher is asked again');
  broker.append(TOPIC, 0, ofA(2), ofA(3), ofA(4));
  await untilHeard('a', 4);
});
