// Consumers' cursors beside the topic that they read: a place and a next offset, which are of one moment.
import {
  comparePlaces,
  formatPlace,
  judge,
  type Place,
} from '@orderflow/shared/messaging/chain.ts';
import { DATA_SERVICES, type DataService } from '../config.ts';
import type { ServiceCursors } from './cursors.ts';
import { cursorName } from './missingEffects.ts';

/** A consumer's cursor in one partition of a topic. */
export interface ReadingCursor {
  /** How reports call it. */
  readonly name: string;
  readonly partition: number;
  readonly place: Place;
  /** Where its consumer reads on. */
  readonly nextOffset: bigint;
}

/** The cursors of all that read a topic. */
export function readersOf(
  topic: string,
  cursors: Readonly<Record<DataService, Pick<ServiceCursors, 'consumer'>>>,
): readonly ReadingCursor[] {
  return DATA_SERVICES.flatMap((consumer) =>
    cursors[consumer].consumer
      .filter((cursor) => cursor.topic === topic)
      .map((cursor) => ({ ...cursor, name: cursorName(consumer, topic, cursor.partition) })),
  );
}

interface Walk {
  readonly cursor: ReadingCursor;
  /** Where the records so far lead to; undefined before the first. */
  place: Place | undefined;
}

/**
 * A consumer stores, with the place of the message that it handled last, the offset behind the record that it judged last. Whoever
 * walks the records before that offset and judges them as it did comes to the same place, whatever was repeated, lost
 * or sent again on the way. So this tells of a move over messages without effect as well, which leaves nothing else behind.
 * A topic that was made anew holds other records there, lawfully, until the consumer commits again: it is a doubt and
 * no breach.
 */
export class CursorOffsets {
  readonly #walks: readonly Walk[];

  constructor(cursors: readonly ReadingCursor[]) {
    this.#walks = cursors.map((cursor) => ({ cursor, place: undefined }));
  }

  /** A record that counts, in the order of the offsets of its partition. */
  take(partition: number, offset: bigint, message: { place: Place; prev: Place }): void {
    for (const walk of this.#walks) {
      if (walk.cursor.partition !== partition || offset >= walk.cursor.nextOffset) continue;
      // What stood before the first record that is kept was handled, or the consumer would stand before that record.
      walk.place ??= message.prev;
      if (judge(walk.place, message) === 'next') walk.place = message.place;
    }
  }

  /** The cursors that do not fit, in words. `endOf`: the offset behind the last record of a partition; undefined if there is none such. */
  doubts(endOf: (partition: number) => bigint | undefined): readonly string[] {
    return this.#walks.flatMap(({ cursor, place }) => {
      const { name, nextOffset } = cursor;
      const stands = `${name} stands at ${formatPlace(cursor.place)} with next offset ${nextOffset}`;
      const end = endOf(cursor.partition);
      if (end === undefined) return [];
      if (nextOffset > end)
        return `${stands}, but the partition ends at ${end}: the topic was made anew or lost its end, or the offset was changed by hand`;
      if (place === undefined || comparePlaces(place, cursor.place) === 0) return [];
      return `${stands}, but what stands before that offset leads to ${formatPlace(place)}: the topic was made anew, or place or offset were changed by hand`;
    });
  }
}
