// Which messages their consumer has handled: all of them, but for those of a key from its first parked one on.
import { comparePlaces, formatPlace } from '@orderflow/shared/messaging/chain.ts';
import { FLOWS, messagesOf, type LoggedMessage } from '../rest.ts';
import type { Departure } from '../database.ts';
import type { Shop } from '../shop.ts';

type Flow = (typeof FLOWS)[number];

/** The messages of a flow, divided, and what is wrong with those that are parked. */
export interface Handled {
  readonly handled: readonly LoggedMessage[];
  /** Places of those of them that were not handled but given up, in their turn. */
  readonly dropped: ReadonlySet<string>;
  readonly breaches: readonly string[];
}

/** Divides the messages of a flow. A parked key keeps all that follows, once, in order: nothing overtakes it. */
export function handledMessages(shop: Shop, { publisher, topic, consumer }: Flow): Handled {
  const { memory, departures } = shop.databases[consumer];
  const rows = memory.contents.parked.filter(
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
  const departed = departures.filter((each) => each.topic === topic && each.place.incarnation > 0);
  breaches.push(...departed.flatMap((each) => breachOfDeparture(consumer, each)));
  const given = departed.filter(({ wish }) => wish === 'drop');
  return { handled, dropped: new Set(given.map(({ place }) => formatPlace(place))), breaches };
}

function breachOfDeparture(
  consumer: string,
  { topic, key, place, wish, overtook }: Departure,
): readonly string[] {
  const name = `${formatPlace(place)} of ${topic}/${key}`;
  if (overtook) return [`${consumer} has let ${name} leave before its turn`];
  // What inventory has decided stands, and what users has registered: orders must handle all of it.
  return consumer === 'orders' && wish === 'drop' ? [`orders has given up ${name}`] : [];
}
