// The consumers' cursors of the event store in memory.
import { comparePlaces, START } from '../messaging/chain.ts';
import { cursorName, inLockOrder } from './cursorRows.ts';
import type { DomainEvent } from './decider.ts';
import { ConflictError, type Cursor, type Unit } from './eventStore.ts';

/** The cursors of these partitions, and all cursors with those that had to be made for it. */
export function findCursors(
  before: ReadonlyMap<string, Cursor>,
  consumer: string,
  topic: string,
  partitions: readonly number[],
) {
  const cursors = new Map(before);
  const found = partitions
    .toSorted((a, b) => a - b)
    .map((partition) => {
      const start: Cursor = { topic, partition, place: START, nextOffset: '0' };
      const cursor = cursors.get(cursorName(consumer, start)) ?? start;
      cursors.set(cursorName(consumer, cursor), cursor);
      return cursor;
    });
  return { found, cursors };
}

/** All cursors after the units. Throws ConflictError 'cursor' when one does not stand where a unit expects it. */
export function moveCursors(
  before: ReadonlyMap<string, Cursor>,
  units: readonly Unit<DomainEvent, DomainEvent>[],
): ReadonlyMap<string, Cursor> {
  const cursors = new Map(before);
  const moves = inLockOrder(units.flatMap((unit) => unit.cursors ?? []));
  for (const { consumer, from, fromOffset, to } of moves) {
    const name = cursorName(consumer, to);
    const current = cursors.get(name);
    if (current === undefined || comparePlaces(current.place, from) !== 0)
      throw new ConflictError('cursor', name);
    if (current.nextOffset !== fromOffset) throw new ConflictError('cursor', name);
    cursors.set(name, to);
  }
  return cursors;
}
