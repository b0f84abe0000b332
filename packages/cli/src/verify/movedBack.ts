// Consumers' cursors that stand before what their schema shows as handled: somebody has moved them back.
import {
  comparePlaces,
  formatPlace,
  START,
  type Place,
} from '@orderflow/shared/messaging/chain.ts';
import { cursorName, type ReadTopic } from './missingEffects.ts';

interface Evidence {
  readonly first: string;
  count: number;
  furthest: Place;
}

/**
 * A cursor commits in the transaction of what its message leads to (events, rows, a parked message), and nothing ever moves
 * it back: a rewind or a refill moves the relay's, and a restore puts the whole schema back to one moment, cursors and
 * effects alike. So an effect behind the cursor is impossible in any cut, however busy. A message that leads to nothing
 * leaves no evidence, and its move may wait for the next commit: a cursor moved back over such messages alone cannot be told
 * from one that was not moved on yet, and nothing depends on it.
 */
export class MovedBack {
  readonly #read: ReadTopic;
  readonly #byPartition = new Map<number, Evidence>();

  constructor(read: ReadTopic) {
    this.#read = read;
  }

  /** The message at `place`, which the cursor has not passed, was handled: `evidence` says what shows it. */
  note(partition: number, place: Place, evidence: string): void {
    const known = this.#byPartition.get(partition);
    if (known === undefined) {
      this.#byPartition.set(partition, { first: evidence, count: 1, furthest: place });
      return;
    }
    known.count += 1;
    if (comparePlaces(place, known.furthest) > 0) known.furthest = place;
  }

  /** True if there is evidence against any cursor. */
  some(): boolean {
    return this.#byPartition.size > 0;
  }

  /** Tells each such cursor: where it stands, what contradicts it, and where it must have stood. */
  tell(): void {
    const { consumer, topic, cursors, findings } = this.#read;
    for (const [partition, { first, count, furthest }] of this.#byPartition) {
      const stands = formatPlace(cursors.get(partition) ?? START);
      const more = count > 1 ? `, and ${count - 1} more show it,` : '';
      findings.breach(
        'P8',
        `${cursorName(consumer, topic, partition)} stands at ${stands}, but ${first} behind it${more} up to ${formatPlace(furthest)}: the cursor was moved back`,
      );
    }
  }
}
