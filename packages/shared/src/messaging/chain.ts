// The chain: every message names its own place and the place of the message sent before it to the same partition.

/**
 * Where a message comes from in its publisher's log: the log's incarnation, the event's position in it, and the
 * message's number among the messages of that event. Places are ordered by these three, in this order.
 */
export interface Place {
  readonly incarnation: number;
  readonly position: number;
  readonly part: number;
}

/** The place before every message: the cursor of a consumer that has handled nothing yet. */
export const START: Place = { incarnation: 0, position: 0, part: 0 };

/** Orders two places: negative if `a` comes first, 0 if they are the same. */
export function comparePlaces(a: Place, b: Place): number {
  return a.incarnation - b.incarnation || a.position - b.position || a.part - b.part;
}

/** `1.42.0`: the form in which a place stands in messages and logs. */
export function formatPlace(place: Place): string {
  return `${place.incarnation}.${place.position}.${place.part}`;
}

/** Reads what `formatPlace` wrote. Throws on anything else. */
export function parsePlace(text: string): Place {
  const match = /^(\d{1,15})\.(\d{1,15})\.(\d{1,15})$/.exec(text);
  if (!match)
    throw new Error(`Not a place of a message: "${text}", expected incarnation.position.part`);
  return { incarnation: Number(match[1]), position: Number(match[2]), part: Number(match[3]) };
}

/**
 * What counts of a publisher's log that was restored from a backup. `kept`: by earlier incarnation, the last of its
 * positions that the log has; an incarnation that is not named left nothing. Whatever is not older than `newest` counts.
 */
export interface LogHistory {
  readonly newest: number;
  readonly kept: ReadonlyMap<number, number>;
}

/**
 * Whether a message tells of an event that its publisher has lost by a restore. Such messages still stand in Kafka, right
 * where a restored consumer reads on, and their chain fits: each names the one before it. Applied, they would lead to
 * decisions about what never happened (stock reserved for an order that nobody has).
 */
export function isVoid(history: LogHistory, { incarnation, position }: Place): boolean {
  return incarnation < history.newest && position > (history.kept.get(incarnation) ?? 0);
}

/** What a consumer must do with a message, from its place, its predecessor's, and the consumer's cursor alone. */
export type Link = 'repeat' | 'next' | 'gap';

/**
 * Judges a message against the cursor (the place handled last).
 * A gap means that Kafka lost something between the two (a wiped topic, an unclean election, retention, a client's
 * bug). A bare high-water mark would take such a message as new and skip the loss for ever; `prev` shows it.
 */
export function judge(cursor: Place, message: { place: Place; prev: Place }): Link {
  if (comparePlaces(message.place, cursor) <= 0) return 'repeat';
  return comparePlaces(message.prev, cursor) <= 0 ? 'next' : 'gap';
}
