// Operators: what `orderflow parked retry` and `parked drop` do, which is to write a wish beside a key's first message.
import { comparePlaces } from '@orderflow/shared/messaging/chain.ts';
import type { KeptMessage } from '@orderflow/shared/eventstore/eventStore.ts';
import type { Book } from './book.ts';
import type { ParkedWish } from './faults.ts';
import type { Shop } from './shop.ts';
import { latencyMs } from './world.ts';

const LOOK_MS = 100;

/** The services that consume, and so park. */
export const CONSUMERS = ['orders', 'inventory'] as const;

/** Lets the operators of the run do what they wish. */
export function placeWishes(shop: Shop, book: Book): void {
  for (const fault of shop.world.faults)
    if (fault.kind === 'wish') book.open(fault.after, () => wishOnce(shop, fault));
}

/** Waits for a parked key while there may still come one, and wishes once. */
async function wishOnce(shop: Shop, fault: ParkedWish): Promise<void> {
  const { world, plan, databases } = shop;
  for (;;) {
    const firsts = CONSUMERS.flatMap((consumer) => firstOfKeys(shop, consumer));
    const first = firsts[fault.key % firsts.length];
    if (first === undefined) {
      if (world.scheduler.now >= plan.calmAt) return;
      await world.wait(LOOK_MS);
      continue;
    }
    // Between what is read and what is written, the message may leave, or somebody else may wish something about it.
    await world.wait(latencyMs(world.random, 'read') + latencyMs(world.random, 'commit'));
    const { consumer, database } = first;
    if (databases[consumer].awayUntil > world.scheduler.now) continue;
    world.noteStruck('wish', [first.message.topic]);
    database.store.wish(first.message, fault.wish);
    return;
  }
}

/** The first parked message of each key of a service. */
function firstOfKeys(shop: Shop, consumer: (typeof CONSUMERS)[number]) {
  const database = shop.databases[consumer];
  const firsts = new Map<string, KeptMessage>();
  for (const message of database.memory.contents.parked) {
    const name = `${message.topic}/${message.key}`;
    const known = firsts.get(name);
    if (known === undefined || comparePlaces(message.place, known.place) < 0)
      firsts.set(name, message);
  }
  return [...firsts.values()].map((message) => ({ consumer, database, message }));
}
