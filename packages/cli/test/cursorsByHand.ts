// Cursors moved by hand, for the tests of whoever must notice it.
import type { Place } from '@orderflow/shared/messaging/chain.ts';
import type { AuditedShop } from './auditedShop.ts';

/** What an UPDATE of a cursor's place sets. */
export function assignments({ incarnation, position, part }: Place): string {
  return `incarnation = ${incarnation}, position = ${position}, part = ${part}`;
}

/** The places of a topic's messages in a partition, in order, by what the auditor makes of the log. */
export async function placesOf(
  shop: AuditedShop,
  topic: string,
  partition: number,
): Promise<readonly Place[]> {
  const places: Place[] = [];
  await shop.audit(undefined, (book) => {
    if (book.topic === topic)
      book.onMessage = (message) => {
        if (message.partition === partition) places.push(message.place);
      };
    return Promise.resolve();
  });
  return places;
}

/** The fourth last of them. Throws if there are fewer. */
export function fourthLast(places: readonly Place[]): Place {
  const place = places.at(-4);
  if (place === undefined) throw new Error('The shop has too few messages');
  return place;
}
