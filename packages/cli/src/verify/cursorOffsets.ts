// Consumers' cursors beside the topic that they read: a place and a next offset, which are of one moment.
import {
  comparePlaces,
  formatPlace,
  judge,
  START,
  type Place,
} from '@orderflow/shared/messaging/chain.ts';
import type { PartitionOffsets } from '@orderflow/shared/messaging/transport.ts';
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

/** One cursor, and what a reader from the partition's first record on would have handled before the cursor's offset. */
interface Walk {
  readonly cursor: ReadingCursor;
  /** Undefined before the first record. */
  place: Place | undefined;
  /** A record came whose predecessor had not: messages were lost there. */
  hasGap: boolean;
}

/**
 * A consumer stores, with the place of the message that it handled last, the offset behind the record that it judged last. In
 * a partition that has all its records, whoever judges those before that offset as it did comes to the same place. So a
 * move over messages without effect shows here, which leaves no other trace. Where Kafka has deleted or lost any, a
 * consumer that had handled them before came by another way, even if they were sent again since, and nothing is told.
 * A topic that was made anew has other records before that offset until its consumer has come to it again: so it is a
 * doubt and no breach.
 */
export class CursorOffsets {
  readonly #walks: ReadonlyMap<number, readonly Walk[]>;

  constructor(cursors: readonly ReadingCursor[]) {
    const walks = cursors.map((cursor) => ({ cursor, place: undefined, hasGap: false }));
    this.#walks = Map.groupBy(walks, ({ cursor }) => cursor.partition);
  }

  /** A record that counts, in the order of the offsets of its partition. */
  take(partition: number, offset: bigint, message: { place: Place; prev: Place }): void {
    for (const walk of this.#walks.get(partition) ?? []) {
      if (offset >= walk.cursor.nextOffset) continue;
      const link = judge(walk.place ?? START, message);
      if (link === 'next') walk.place = message.place;
      if (link === 'gap') walk.hasGap = true;
    }
  }

  /** The cursors that do not fit, in words. `offsets`: what each partition held when it began to be read. */
  doubts(offsets: ReadonlyMap<number, PartitionOffsets>): readonly string[] {
    return [...this.#walks.values()].flat().flatMap(({ cursor, place, hasGap }) => {
      const { name, nextOffset } = cursor;
      const stands = `${name} stands at ${formatPlace(cursor.place)} with next offset ${nextOffset}`;
      const held = offsets.get(cursor.partition);
      if (held === undefined) return [];
      if (nextOffset > held.high)
        return `${stands}, but the partition ends at ${held.high}: the topic was made anew or has lost its end, or the offset was changed by hand`;
      if (held.low > 0n || hasGap || place === undefined) return [];
      if (comparePlaces(place, cursor.place) === 0) return [];
      return `${stands}, but what stands before that offset leads to ${formatPlace(place)}: the topic was made anew, or place or offset were changed by hand`;
    });
  }
}
