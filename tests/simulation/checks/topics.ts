// P9: whatever was ever stored in a topic stands in its publisher's log, under its place, behind its predecessor.
import { formatPlace, START } from '@orderflow/shared/messaging/chain.ts';
import { parseEnvelope } from '@orderflow/shared/messaging/envelope.ts';
import { FLOWS, messagesOf, type LoggedMessage } from '../rest.ts';
import type { Shop } from '../shop.ts';

/** Every breach concerning topics. */
export function checkTopics(shop: Shop): string[] {
  return FLOWS.flatMap(({ publisher, topic }) => {
    const logged = new Map<string, LoggedMessage>();
    const before = new Map<string, string>();
    const last = new Map<number, string>();
    for (const message of messagesOf(shop, publisher)) {
      const place = formatPlace(message.place);
      logged.set(place, message);
      before.set(place, last.get(message.partition) ?? formatPlace(START));
      last.set(message.partition, place);
    }
    const database = shop.databases[publisher];
    return shop.kafka.stored.flatMap((record) => {
      if (record.topic !== topic) return [];
      const { place, prev, key, type, data } = parseEnvelope(record.value);
      const name = formatPlace(place);
      const message = logged.get(name);
      const isForgotten = database.hasForgotten(place);
      if (message === undefined)
        return isForgotten ? [] : [`P9: ${topic} holds ${name}, which is in no log: ${type}`];
      const isSame =
        message.key === key &&
        message.type === type &&
        message.partition === record.partition &&
        JSON.stringify(message.data) === JSON.stringify(data);
      if (!isSame) return [`P9: ${topic} holds another ${name} than the log: ${record.value}`];
      if (!database.wasRestored && formatPlace(prev) !== before.get(name))
        return [
          `P9: ${topic} holds ${name} behind ${formatPlace(prev)}, not ${before.get(name) ?? ''}`,
        ];
      return [];
    });
  });
}
