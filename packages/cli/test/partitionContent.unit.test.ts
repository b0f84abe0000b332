// A partition's records by their places: losses that healed, and those that did not.
import { formatPlace } from '@orderflow/shared/messaging/chain.ts';
import { PartitionContent } from '../src/verify/partitionContent.ts';

const place = (position: number, incarnation = 1) => ({ incarnation, position, part: 0 });

/** The partition after these positions, each with its own content, and what became of each record. */
function holding(positions: readonly number[]) {
  const content = new PartitionContent();
  const added = positions.map((position) => content.add(place(position), position));
  return { content, added };
}

/** What is found of each message of the log, and what stands between them. */
function compared(content: PartitionContent, log: readonly number[]) {
  const answers = log.map((position) => content.next(place(position)));
  return {
    found: answers.map(({ digest }) => digest),
    unknown: answers.flatMap(({ skipped }) => skipped.map(formatPlace)),
  };
}

describe('A partition', () => {
  it('whose loss was healed by sending all again has every message', () => {
    const { content, added } = holding([1, 2, 4, 3, 4, 5]);
    expect(added).toEqual(['new', 'new', 'new', 'late', 'repeat', 'new']);
    expect(content.unmended).toBeUndefined();
    expect(compared(content, [1, 2, 3, 4, 5])).toEqual({ found: [1, 2, 3, 4, 5], unknown: [] });
  });

  it('that lost its beginning and has it again has every message', () => {
    const { content } = holding([4, 5, 1, 2, 3, 4, 5]);
    expect(content.first).toEqual(place(1));
    expect(content.unmended).toBeUndefined();
    expect(compared(content, [1, 2, 3, 4, 5]).found).toEqual([1, 2, 3, 4, 5]);
  });

  it('heals more than one loss, one within the other', () => {
    const { content } = holding([1, 4, 3, 4, 2, 3, 4]);
    expect(content.unmended).toBeUndefined();
    expect(compared(content, [1, 2, 3, 4])).toEqual({ found: [1, 2, 3, 4], unknown: [] });
  });

  it('in which two messages only changed places tells the one that comes too late', () => {
    const { content } = holding([1, 3, 2, 4]);
    expect(content.unmended).toEqual({ late: place(2), again: place(3) });
  });

  it('that lacks a message has it nowhere, and one that the log does not know is told once', () => {
    const { content } = holding([1, 2, 4, 5, 9, 4]);
    expect(compared(content, [1, 2, 3, 4, 10])).toEqual({
      found: [1, 2, undefined, 4, undefined],
      unknown: ['1.5.0', '1.9.0'],
    });
  });

  it('tells a repeat with another content, of a late message too', () => {
    const { content } = holding([1, 3, 2, 3]);
    expect(content.add(place(2), 2)).toBe('repeat');
    expect(content.add(place(2), 7)).toBe('different');
    expect(content.add(place(1), 7)).toBe('different');
  });

  it('takes only so many late runs', () => {
    const { added } = holding(Array.from({ length: 100 }, (_, index) => 100 - index));
    expect(added.filter((each) => each === 'late')).toHaveLength(63);
    expect(added.filter((each) => each === 'out of order')).toHaveLength(36);
  });
});
