// The parked messages of the store in memory: the rules of the table, on lists that are never changed.
import { comparePlaces, formatPlace, START } from '../messaging/chain.ts';
import type { DomainEvent } from './decider.ts';
import {
  ConflictError,
  type EventStore,
  type KeptMessage,
  type ParkedKey,
  type ParkedPlace,
  type Redrive,
  type Unit,
  type Wish,
  type WishedMessage,
} from './eventStore.ts';
import { keyText } from './projectionEngine.ts';

type Parked = readonly KeptMessage[];

/** What a transaction of these units makes of the parked messages. Throws ConflictError 'row' and 'cursor'. */
export function parkedAfter(
  before: Parked,
  units: readonly Unit<DomainEvent, DomainEvent>[],
): Parked {
  const added = units.flatMap((unit) => unit.parked ?? []);
  const all = [...before, ...added.map((message) => ({ ...message, wish: null, answer: null }))];
  if (new Set(all.map(nameOf)).size < all.length) throw new ConflictError('row', 'parked_messages');
  return units.reduce<Parked>(
    (left, { redrive }) => (redrive === undefined ? left : redriven(left, redrive)),
    all,
  );
}

function redriven(before: Parked, { key, wish, removed, kept }: Redrive): Parked {
  const names = new Set(removed.map((place) => nameOf({ ...key, place })));
  const isAsWished = (message: KeptMessage): boolean =>
    message.wish === null || message.wish === wish;
  const leaves = (message: KeptMessage): boolean =>
    names.has(nameOf(message)) && isAsWished(message);
  const left = before.filter((message) => !leaves(message));
  const keptName = kept === undefined ? undefined : nameOf({ ...key, place: kept.place });
  const isThere =
    keptName === undefined ||
    left.some((message) => nameOf(message) === keptName && isAsWished(message));
  if (before.length - left.length !== removed.length || !isThere)
    throw new ConflictError('cursor', `${key.consumer}/${key.topic}/${key.key}`);
  return left.map((message) =>
    nameOf(message) === keptName ? { ...message, ...kept, place: message.place } : message,
  );
}

/** What is read of them. */
export function parkedReads(
  parked: () => Promise<Parked>,
): Pick<EventStore<DomainEvent>, 'readParkedKeys' | 'readParked' | 'readWishes'> {
  return {
    async readParkedKeys(consumer, topic) {
      const own = (await parked()).filter((m) => m.consumer === consumer && m.topic === topic);
      return new Set(own.map(({ key }) => `${topic}/${key}`));
    },
    readParked: (...of) => parked().then((all) => parkedOf(all, ...of)),
    readWishes: (consumer) => parked().then((all) => wishesOf(all, consumer)),
  };
}

/** The first messages of a key, in order, from a place on. */
function parkedOf(parked: Parked, key: ParkedKey, limit: number, from = START): Parked {
  return parked
    .filter((message) => message.consumer === key.consumer && message.topic === key.topic)
    .filter((message) => message.key === key.key && comparePlaces(message.place, from) >= 0)
    .toSorted((a, b) => comparePlaces(a.place, b.place))
    .slice(0, limit);
}

/** The messages of a consumer about which something is wished. */
function wishesOf(parked: Parked, of: string): readonly WishedMessage[] {
  return parked
    .filter((message) => message.consumer === of)
    .toSorted((a, b) => comparePlaces(a.place, b.place))
    .flatMap(({ consumer, topic, partition, key, place, wish }) =>
      wish === null ? [] : [{ consumer, topic, partition, key, place, wish }],
    );
}

/** The messages with a wish written at one of them. */
export function withWish(parked: Parked, at: ParkedPlace, wish: Wish): Parked {
  const name = nameOf(at);
  return parked.map((message) =>
    nameOf(message) === name ? { ...message, wish, answer: null } : message,
  );
}

function nameOf({ consumer, topic, key, place }: ParkedPlace): string {
  return keyText([consumer, topic, key, formatPlace(place)]);
}
