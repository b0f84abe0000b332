import fc from 'fast-check';
import { START, type Place } from '@orderflow/shared/messaging/chain.ts';
import { serializeEnvelope } from '@orderflow/shared/messaging/envelope.ts';
import { judgeRecords } from '@orderflow/shared/messaging/judgement.ts';
import type { Progress } from '@orderflow/shared/messaging/partitionState.ts';
import { CursorOffsets } from '../src/verify/cursorOffsets.ts';

const PARTITION = 3;
const ID = '01980000-0000-7000-8000-000000000000';

const at = (position: number): Place => ({ incarnation: 1, position, part: 0 });
/** The message at a position of a log whose messages all go to this partition. */
const messageAt = (position: number): { place: Place; prev: Place } => ({
  place: at(position),
  prev: position === 1 ? START : at(position - 1),
});

/** What is told of a cursor beside a partition that holds these positions; `low`: the offset of the first of them. */
function doubtsOf(
  positions: readonly number[],
  { place, nextOffset }: { readonly place: Place; readonly nextOffset: bigint },
  low = 0,
): readonly string[] {
  const offsets = new CursorOffsets([{ name: 'cursor', partition: PARTITION, place, nextOffset }]);
  for (const [index, position] of positions.entries()) {
    offsets.take(PARTITION, BigInt(low + index), messageAt(position));
    offsets.take(PARTITION + 1, BigInt(low + index), messageAt(1));
  }
  const high = BigInt(low + positions.length);
  return offsets.doubts(new Map([[PARTITION, { low: BigInt(low), high }]]));
}

/** Where a consumer of the partition stands after each of its records. */
function standsOf(positions: readonly number[]): readonly Progress[] {
  const stands: Progress[] = [{ place: START, nextOffset: 0n, readOffset: 0n }];
  let gapIsOpen = false;
  for (const [offset, position] of positions.entries()) {
    const { place, prev } = messageAt(position);
    const message = {
      key: 'k',
      type: 'T',
      schemaVersion: 1,
      data: { at: '2026-11-30T00:00:00.000Z' },
    };
    const metadata = { correlationId: ID, causationId: ID };
    const value = Buffer.from(serializeEnvelope('orders', message, { place, prev }, metadata));
    const record = { offset: BigInt(offset), value };
    const [judged] = judgeRecords(stands.at(-1) ?? fail(), gapIsOpen, [record]);
    if (judged === undefined || judged.kind === 'unreadable')
      throw new Error(`Not judged: ${judged?.reason}`);
    if (judged.kind !== 'repeat') gapIsOpen = judged.kind === 'gap';
    stands.push(judged.after);
  }
  return stands;
}

function fail(): never {
  throw new Error('There is none');
}

describe('A cursor beside its topic', () => {
  it('fits wherever a consumer has put it, whatever was repeated or lost', () => {
    const position = fc.integer({ min: 1, max: 6 });
    fc.assert(
      fc.property(fc.array(position, { maxLength: 15 }), (positions) => {
        for (const stand of standsOf(positions)) expect(doubtsOf(positions, stand)).toEqual([]);
      }),
    );
  });

  it('is doubtful where its place was moved, or its offset, and the partition has all its records', () => {
    const positions = [1, 2, 1, 2, 3, 4];
    for (const [index, { place, nextOffset }] of standsOf(positions).entries()) {
      if (index === 0) continue;
      const leads = `leads to 1.${place.position}.0: the topic was made anew`;
      for (const moved of [place.position - 1, place.position + 1])
        expect(doubtsOf(positions, { place: at(moved), nextOffset })).toEqual([
          expect.stringContaining(leads),
        ]);
    }
    expect(doubtsOf(positions, { place: at(4), nextOffset: 5n })).toEqual([
      expect.stringMatching(
        /^cursor stands at 1\.4\.0 with next offset 5, but .* leads to 1\.3\.0:/,
      ),
    ]);
  });

  it('is doubtful where its offset is beyond the end', () => {
    expect(doubtsOf([1, 2, 3], { place: at(3), nextOffset: 9n })).toEqual([
      expect.stringContaining('next offset 9, but the partition ends at 3'),
    ]);
  });

  it('is not judged where records were deleted, or a gap shows that some were lost', () => {
    // A consumer that has fallen behind what Kafka keeps, and is sent what it lacks.
    expect(doubtsOf([80, 81, 51], { place: at(51), nextOffset: 123n }, 120)).toEqual([]);
    // One that has handled 100 messages, is sent all of them again, and passes over them.
    expect(doubtsOf([1, 2, 3, 4], { place: at(100), nextOffset: 103n }, 100)).toEqual([]);
    // One that had handled what an election has lost: behind 2 came 3 and 4, for it 5 is the next.
    expect(doubtsOf([1, 2, 5], { place: at(5), nextOffset: 3n })).toEqual([]);
    // The same, when all was sent again meanwhile.
    expect(doubtsOf([1, 2, 5, 1, 2, 3], { place: at(5), nextOffset: 6n })).toEqual([]);
  });

  it('is not judged where nothing stands before its offset, or its partition is not there', () => {
    expect(doubtsOf([1, 2], { place: at(1), nextOffset: 0n })).toEqual([]);
    const cursor = { name: 'cursor', partition: PARTITION, place: at(1), nextOffset: 7n };
    expect(new CursorOffsets([cursor]).doubts(new Map())).toEqual([]);
  });
});
