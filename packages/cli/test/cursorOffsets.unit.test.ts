import { START, type Place } from '@orderflow/shared/messaging/chain.ts';
import { CursorOffsets } from '../src/verify/cursorOffsets.ts';

const at = (position: number): Place => ({ incarnation: 1, position, part: 0 });

/** Positions of messages as the partition holds them, each behind the one before it in the log, from `first` on. */
function doubtsOf(
  records: readonly number[],
  cursor: { readonly place: Place; readonly nextOffset: number },
  { end = records.length, first = 1 } = {},
): readonly string[] {
  const { place, nextOffset } = cursor;
  const offsets = new CursorOffsets([
    { name: 'cursor', partition: 3, place, nextOffset: BigInt(nextOffset) },
  ]);
  for (const [offset, position] of records.entries()) {
    const prev = position === first ? START : at(position - 1);
    offsets.take(3, BigInt(offset), { place: at(position), prev });
    offsets.take(4, BigInt(offset), { place: at(99), prev: START });
  }
  return offsets.doubts(() => BigInt(end));
}

describe('A cursor beside its topic', () => {
  it('fits where it stands on the message before its next offset', () => {
    expect(doubtsOf([1, 2, 3, 4], { place: at(3), nextOffset: 3 })).toEqual([]);
  });

  it('fits behind repeats, and behind what was lost and came late', () => {
    expect(doubtsOf([1, 2, 1, 2, 3], { place: at(2), nextOffset: 4 })).toEqual([]);
    expect(doubtsOf([1, 3, 4, 2, 3, 4], { place: at(2), nextOffset: 4 })).toEqual([]);
    expect(doubtsOf([1, 3, 4, 2, 3, 4], { place: at(4), nextOffset: 6 })).toEqual([]);
  });

  it('fits where the topic does not keep its beginning any more', () => {
    expect(doubtsOf([7, 8, 9], { place: at(8), nextOffset: 2 })).toEqual([]);
  });

  it('is not judged where nothing stands before its next offset', () => {
    expect(doubtsOf([7, 8, 9], { place: at(6), nextOffset: 0 })).toEqual([]);
  });

  it('is doubtful where its place was moved back or on, or its offset was', () => {
    const led = 'but what stands before that offset leads to 1.3.0';
    for (const place of [at(1), at(2), at(4)])
      expect(doubtsOf([1, 2, 3, 4], { place, nextOffset: 3 })).toEqual([
        expect.stringContaining(led),
      ]);
    expect(doubtsOf([1, 2, 3, 4], { place: at(4), nextOffset: 3 })).toEqual([
      expect.stringMatching(/^cursor stands at 1\.4\.0 with next offset 3, but/),
    ]);
  });

  it('is doubtful where its offset is beyond the end', () => {
    expect(doubtsOf([1, 2, 3], { place: at(3), nextOffset: 9 })).toEqual([
      expect.stringContaining('next offset 9, but the partition ends at 3'),
    ]);
  });
});
