// Whether everything is at rest: every message of every log handled by everybody whom it concerns.
import { INVENTORY_TOPIC, ORDERS_TOPIC, USERS_TOPIC } from '@orderflow/shared/contracts/topics.ts';
import {
  comparePlaces,
  formatPlace,
  START,
  type Place,
} from '@orderflow/shared/messaging/chain.ts';
import type { OutboundMessage } from '@orderflow/shared/messaging/envelope.ts';
import { partitionOf } from '@orderflow/shared/messaging/murmur2.ts';
import { inventoryParts } from '../../services/inventory/src/app.ts';
import { ordersParts } from '../../services/orders/src/app.ts';
import { usersParts } from '../../services/users/src/app.ts';
import type { ServiceName } from './faults.ts';
import { CONSUMERS } from './operators.ts';
import { placeIn } from './kafka.ts';
import type { Shop } from './shop.ts';

/** A message as it follows from its publisher's log. */
export interface LoggedMessage extends OutboundMessage {
  readonly place: Place;
  readonly partition: number;
}

/** Who publishes what, and who listens. */
export const FLOWS = [
  { publisher: 'orders', topic: ORDERS_TOPIC, consumer: 'inventory' },
  { publisher: 'inventory', topic: INVENTORY_TOPIC, consumer: 'orders' },
  { publisher: 'users', topic: USERS_TOPIC, consumer: 'orders' },
] as const;

/** All messages that a service's log stands for, in order. */
export function messagesOf({ databases, plan }: Shop, publisher: ServiceName): LoggedMessage[] {
  const { orders, inventory, users } = databases;
  const all = {
    orders: () =>
      orders.memory.contents.log.map((e) =>
        withPlace(e.recorded, ordersParts.toMessages(e.recorded)),
      ),
    inventory: () =>
      inventory.memory.contents.log.map((e) =>
        withPlace(e.recorded, inventoryParts.toMessages(e.recorded)),
      ),
    users: () =>
      users.memory.contents.log.map((e) =>
        withPlace(e.recorded, usersParts.toMessages(e.recorded)),
      ),
  };
  return all[publisher]()
    .flat()
    .map((message) => ({ ...message, partition: partitionOf(message.key, plan.partitionCount) }));
}

function withPlace(
  { incarnation, position }: { readonly incarnation: number; readonly position: number },
  messages: readonly OutboundMessage[],
) {
  return messages.map((message, part) => ({ ...message, place: { incarnation, position, part } }));
}

/** What is still to be handled, in words; undefined: nothing. */
export function isAtRest(shop: Shop): string | undefined {
  for (const consumer of CONSUMERS) {
    const row = shop.databases[consumer].memory.contents.parked.find(({ wish }) => wish !== null);
    if (row !== undefined)
      return `${consumer} has not done the ${row.wish ?? ''} of ${formatPlace(row.place)} of ${row.topic}/${row.key}`;
  }
  for (const { publisher, topic, consumer } of FLOWS) {
    const { cursors } = shop.databases[consumer].memory.contents;
    const { wasRestored } = shop.databases[publisher];
    const last = new Map<number, Place>();
    for (const { partition, place } of messagesOf(shop, publisher)) last.set(partition, place);
    for (const [partition, place] of last) {
      const cursor = cursors.get(`${consumer}/${topic}/${partition}`)?.place ?? START;
      const order = comparePlaces(cursor, place);
      // A consumer may have seen more than a restored log remembers.
      if (order === 0 || (order > 0 && wasRestored)) continue;
      return `${consumer} is at ${formatPlace(cursor)} of ${topic}/${partition}, the log at ${formatPlace(place)}`;
    }
  }
  return undefined;
}

/** The topics whose owners run. */
export function publishedTopics({ plan }: Shop): readonly string[] {
  return FLOWS.filter(({ publisher }) => plan.instances[publisher] > 0).map(({ topic }) => topic);
}

/** What a topic does not hold, though its publisher's log says that it should; undefined: they hold everything. */
export function lacking(shop: Shop): string | undefined {
  const topics = publishedTopics(shop);
  for (const { publisher, topic } of FLOWS) {
    if (!topics.includes(topic)) continue;
    const held = new Set(
      (shop.kafka.topics.get(topic) ?? []).flatMap(({ records }) => records.map(placeIn)),
    );
    const missing = messagesOf(shop, publisher).find(({ place }) => !held.has(formatPlace(place)));
    if (missing !== undefined) return `${topic} lacks ${formatPlace(missing.place)}`;
  }
  return undefined;
}
