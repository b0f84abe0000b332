// What the cursors of one relay say that it has sent, against the messages that its log makes.
import {
  comparePlaces,
  formatPlace,
  START,
  type Place,
} from '@orderflow/shared/messaging/chain.ts';
import type { RelayCursor } from '@orderflow/shared/messaging/relayPositions.ts';
import type { DataService } from '../config.ts';
import type { Findings } from './findings.ts';

/** What a relay's book is made of. */
export interface RelayBookDeps {
  readonly publisher: DataService;
  /** With its prefix. */
  readonly topic: string;
  readonly cursors: readonly RelayCursor[];
  /** The head of the publisher's log in the same snapshot. */
  readonly head: { readonly incarnation: number; readonly position: number };
  readonly findings: Findings;
}

/** The first incarnation of every log: nothing was scanned before it. */
const FIRST_INCARNATION = 1;

/**
 * The relay's cursors of one topic. Relay, rewind and refill all store a cursor as two statements about one moment: the
 * message sent last (`place`), and how far the log had been looked at then (`scanned`). So at any moment `place` is the
 * last message of its partition up to `scanned`, and `scanned` is no further than the log's end: who moves the one without
 * the other contradicts himself. Both moved back together are what a rewind makes of a cursor, and have a rewind's effect:
 * what was sent is sent again, and passed over. That is no breach, and `behindHandled` tells it for what it may be.
 */
export class RelayBook {
  readonly #deps: RelayBookDeps;
  readonly #byPartition: ReadonlyMap<number, RelayCursor>;
  /** The furthest incarnation of which the relay has sent anything. */
  readonly #incarnation: number;
  /** By partition: the last message that was looked at. */
  readonly #lastScanned = new Map<number, Place>();
  /** Messages that the relay has not sent yet, as far as its cursors were stored. */
  notSent = 0;

  constructor(deps: RelayBookDeps) {
    this.#deps = deps;
    this.#byPartition = new Map(deps.cursors.map((cursor) => [cursor.partition, cursor]));
    this.#incarnation = Math.max(0, ...deps.cursors.map(({ place }) => place.incarnation));
  }

  get cursors(): readonly RelayCursor[] {
    return this.#deps.cursors;
  }

  /** Whether the relay has sent the message, as far as its cursors were stored. */
  isSent(partition: number, place: Place): boolean {
    const cursor = this.#byPartition.get(partition);
    return cursor !== undefined && comparePlaces(place, cursor.place) <= 0;
  }

  /** The log has this message, in its order. */
  take(partition: number, place: Place): void {
    const cursor = this.#byPartition.get(partition);
    if (!this.isSent(partition, place)) this.notSent += 1;
    if (cursor === undefined || place.position > cursor.scannedPosition) return;
    // After a raised incarnation the log is looked at from its beginning; what is stored is from before.
    if (place.incarnation > Math.max(this.#incarnation, FIRST_INCARNATION)) return;
    this.#lastScanned.set(partition, place);
  }

  /** The log was read. `told`: the names of cursors of which it is told already that they do not fit. */
  close(told: ReadonlySet<string>): void {
    const { findings, cursors, topic } = this.#deps;
    for (const cursor of cursors) {
      const name = relayCursorName(topic, cursor.partition);
      if (told.has(name)) continue;
      findings.checked('P9');
      const fault = this.#faultOf(cursor);
      if (fault !== undefined) findings.breach('P9', `${name} ${fault}`);
    }
  }

  /**
   * A cursor that stands before what a consumer has handled, in words; undefined if it does not. It was rewound, its leader
   * has died before it could store what it had sent, or somebody has moved it back by hand: the rows do not tell which.
   * Where there is no row nothing stands anywhere: a restore removes them all, and the next leader begins anew.
   */
  behindHandled(partition: number, handled: Place, consumer: DataService): string | undefined {
    const cursor = this.#byPartition.get(partition);
    if (cursor === undefined || comparePlaces(cursor.place, handled) >= 0) return undefined;
    return (
      `${relayCursorName(this.#deps.topic, partition)} stands at ${formatPlace(cursor.place)}, but ${consumer} has handled ` +
      `${formatPlace(handled)}: it was rewound, not stored when its relay was killed, or moved back by hand`
    );
  }

  #faultOf({ partition, place, scannedPosition }: RelayCursor): string | undefined {
    const { head, publisher } = this.#deps;
    // Of an incarnation that the relay has sent nothing of yet, it looks at the log from its beginning: what is stored is of the past.
    if (this.#incarnation === head.incarnation && scannedPosition > head.position)
      return `says that the log of ${publisher} was looked at up to position ${scannedPosition}, but it ends at ${head.position}`;
    const last = this.#lastScanned.get(partition) ?? START;
    const stands = `stands at ${formatPlace(place)}`;
    if (comparePlaces(place, last) < 0)
      return `${stands}, but it says that all up to position ${scannedPosition} was sent, where ${formatPlace(last)} is the last message: one of both was changed`;
    // An event with many messages is sent in parts: what is behind it was not looked at then.
    if (place.incarnation === head.incarnation && place.position > scannedPosition + 1)
      return `${stands}, but it says that the log was looked at up to position ${scannedPosition} only, where ${formatPlace(last)} is the last message: one of both was changed`;
    return undefined;
  }
}

/** How reports name a relay's cursor. */
export function relayCursorName(topic: string, partition: number): string {
  return `relay cursor ${topic}/${partition}`;
}
