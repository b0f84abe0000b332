// A consumer over a store and a broker in memory that has parked a key, for tests that redrive it.
import type { Wish } from '../../src/eventstore/eventStore.ts';
import { DropRefusal, type Reactions } from '../../src/messaging/reaction.ts';
import { eventually } from '../../src/testing/eventually.ts';
import { ofA, setUpConsumer, TOPIC, type Bent } from './heardConsumer.ts';
import { hearing, place, upTo, type Made } from './madeDomain.ts';

export type Hearing = Reactions<number, { type: 'Heard'; data: Made['data'] }, Made>;

/** Fails on what `broken` names, as long as it does. */
export function failing() {
  const broken = new Map<number, unknown>([[3, new Error('not yet')]]);
  const reactions: Hearing = {
    ...hearing,
    react(fact, load) {
      if (broken.has(fact.data.number)) throw broken.get(fact.data.number);
      return hearing.react(fact, load);
    },
    async drop({ data: { at, key, number } }, load) {
      if (number > 3) throw new DropRefusal('this one is owed');
      await load(`heard-${key}`);
      return [{ streamId: `heard-${key}`, events: [{ type: 'Heard', data: { at, key, number } }] }];
    },
  };
  return { broken, reactions };
}

/** A consumer that has parked the messages 3 to 5 of key 'a'. */
export async function setUpParked(bent: Bent = {}) {
  const { broken, reactions } = failing();
  const ground = await setUpConsumer({ reactions, ...bent });
  const consumer = ground.start();
  ground.broker.append(TOPIC, 0, ...upTo(5).map(ofA));
  await eventually(() => ground.store.parked().length === 3, 'the key is parked');
  const wish = (what: Wish, number = 3) => {
    const at = { consumer: 'consumer', topic: TOPIC, key: 'a', place: place(`1.${number}.0`) };
    ground.store.wish(at, what);
  };
  const untilAnswered = () =>
    eventually(
      () => ground.store.parked().every((kept) => kept.wish === null),
      'the wish is answered',
    );
  const parkedNumbers = () => ground.store.parked().map((kept) => kept.place.position);
  return { ...ground, consumer, broken, wish, untilAnswered, parkedNumbers };
}
