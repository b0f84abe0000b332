// How far a message is on its way to its reader: not sent, not handled, put aside, or handled.
import {
  comparePlaces,
  formatPlace,
  START,
  type Place,
} from '@orderflow/shared/messaging/chain.ts';
import { partitionOf } from '@orderflow/shared/messaging/murmur2.ts';
import type { DataService } from '../config.ts';
import type { OpenSystem } from '../system.ts';
import { readCursors, type ServiceCursors } from '../verify/cursors.ts';

/** A message on its way. */
export interface Sent {
  readonly publisher: DataService;
  readonly consumer: DataService;
  readonly key: string;
  readonly place: Place;
}

/** Where a message is; `isHandled`: its reader has passed it. */
export interface Whereabouts {
  readonly isHandled: boolean;
  readonly text: string;
}

/** Answers where messages are. */
export type Delivery = (message: Sent) => Whereabouts;

/** Reads the cursors as they are now. */
export async function readDelivery({ pools, parts, config }: OpenSystem): Promise<Delivery> {
  const cursors = {
    users: await readCursors(pools.users, 'users'),
    inventory: await readCursors(pools.inventory, 'inventory'),
    orders: await readCursors(pools.orders, 'orders'),
  };
  return (message) => {
    const base = parts[message.publisher].topic;
    const { topics } = cursors[message.publisher];
    const topic = [...topics.keys()].find((name) => name.endsWith(base));
    if (topic === undefined) return waits(`${message.publisher} has not made its topic yet`);
    const partition = partitionOf(message.key, topics.get(topic) ?? config.kafka.TOPIC_PARTITIONS);
    return whereabouts(message, cursors, topic, partition);
  };
}

function whereabouts(
  { publisher, consumer, key, place }: Sent,
  cursors: Readonly<Record<DataService, ServiceCursors>>,
  topic: string,
  partition: number,
): Whereabouts {
  const name = `${topic}/${partition}`;
  const isHere = (row: { topic: string; partition: number }): boolean =>
    row.topic === topic && row.partition === partition;
  const reader = cursors[consumer].consumer.find(isHere)?.place ?? START;
  const ofKey = cursors[consumer].parked.filter((row) => row.topic === topic && row.key === key);
  const parked = ofKey.find((row) => comparePlaces(row.place, place) === 0);
  const first = ofKey[0];
  if (parked !== undefined)
    return waits(
      `${consumer} has put the message aside (${parked.reason}); \`orderflow parked show\` tells more` +
        (first === undefined || first === parked ? '' : `; the first of its key: ${first.reason}`),
    );
  if (comparePlaces(place, reader) <= 0)
    return { isHandled: true, text: `${consumer} has handled the message ${formatPlace(place)}` };
  const relay = cursors[publisher].relay.find(isHere)?.place ?? START;
  const stands = `${consumer} stands at ${formatPlace(reader)} of ${name}, the message at ${formatPlace(place)}`;
  if (comparePlaces(place, relay) <= 0)
    return waits(`the message was sent to ${name}, but ${stands}: it is behind, or does not run`);
  return waits(
    `the message is not known to be sent: the relay of ${publisher} stands at ${formatPlace(relay)} of ${name} ` +
      `(stored once a second), and ${stands}. Is Kafka there, and does ${publisher} run?`,
  );
}

function waits(text: string): Whereabouts {
  return { isHandled: false, text };
}
