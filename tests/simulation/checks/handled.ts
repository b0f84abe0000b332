// Which messages their consumer has handled: all of them, but for those of a key from its first parked one on.
import { comparePlaces, formatPlace } from '@orderflow/shared/messaging/chain.ts';
import { FLOWS, messagesOf, type LoggedMessage } from '../rest.ts';
import type { Shop } from '../shop.ts';

type Flow = (typeof FLOWS)[number];

/** The messages of a flow, divided, and what is wrong with those that are parked. */
export interface Handled {
  readonly handled: readonly LoggedMessage[];
  readonly breaches: readonly string[];
}

/** Divides the messages of a flow. A parked key keeps all that follows, once, in order: nothing overtakes it. */
export function handledMessages(shop: Shop, { publisher, topic, consumer }: Flow): Handled {
  const rows = shop.databases[consumer].memory.contents.parked.filter(
    (row) => row.topic === topic && row.place.incarnation > 0,
  );
  const parked = Map.groupBy(rows, ({ key }) => key);
  const handled: LoggedMessage[] = [];
  const kept = new Map<string, string[]>();
  for (const message of messagesOf(shop, publisher)) {
    const first = parked.get(message.key)?.[0];
    if (first === undefined || comparePlaces(message.place, first.place) < 0) handled.push(message);
    else kept.set(message.key, [...(kept.get(message.key) ?? []), formatPlace(message.place)]);
  }
  const { wasRestored } = shop.databases[publisher];
  const breaches: string[] = [];
  for (const [key, those] of parked) {
    const found = those.map(({ place }) => formatPlace(place));
    // What a restored log does not remember may have been parked before.
    if (!wasRestored && found.join() !== (kept.get(key) ?? []).join())
      breaches.push(
        `${consumer} has parked ${found.join()} of ${topic}/${key}, not ${kept.get(key)?.join() ?? ''}`,
      );
  }
  return { handled, breaches };
}
