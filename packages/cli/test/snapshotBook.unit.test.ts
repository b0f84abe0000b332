// Snapshots of a schema that has more of them than are remembered.
import type { RawEvent, Reader } from '../src/verify/rawEvents.ts';
import { Findings } from '../src/verify/findings.ts';
import { SnapshotBook } from '../src/verify/snapshotBook.ts';

const codec = {
  schemaVersion: 1,
  serialize: (count: number) => String(count),
  parse: Number,
  bytesOf: () => 8,
};
const rows = ['a', 'b', 'c'].map((streamId) => [streamId, 2, Buffer.from('11', 'hex'), 1, '5']);
const reader = { query: () => Promise.resolve([rows, []]) } as unknown as Reader;
const eventOf = (streamId: string): RawEvent => ({
  ...{ incarnation: 1, position: 1, streamId, version: 2, type: 'Counted', schemaVersion: 1 },
  ...{ data: '{}', metadata: '{}', hash: '11', cause: { correlationId: '', causationId: '' } },
});

it('compares as many as it remembers, and tells how many more there are', async () => {
  const findings = new Findings();
  const book = new SnapshotBook('inventory', codec, findings, 2);
  await book.load(reader);
  for (const streamId of ['a', 'b', 'c']) book.take(eventOf(streamId), 6);
  expect(findings.total).toBe(2);
  expect(book.close()).toEqual(['1 snapshots of inventory: more than are compared']);
});

describe('A snapshot', () => {
  /** The fields in the order in which they are given; `parse` gives them in the schema's, as zod does. */
  const ordered = {
    schemaVersion: 1,
    serialize: (state: { readonly a: string; readonly b: string }) => JSON.stringify(state),
    parse: (text: string) => {
      const { a, b } = JSON.parse(text) as { a: string; b: string };
      return { a, b };
    },
    bytesOf: () => 8,
  };
  const breachesOf = async (stored: string, fold: { readonly a: string; readonly b: string }) => {
    const findings = new Findings();
    const book = new SnapshotBook('inventory', ordered, findings);
    const row = ['a', 2, Buffer.from('11', 'hex'), 1, stored];
    const one = { query: () => Promise.resolve([[row], []]) } as unknown as Reader;
    await book.load(one);
    book.take(eventOf('a'), fold);
    return findings.breaches.map(({ text }) => text);
  };

  it('is the fold in whatever order the fields of either stand', async () => {
    for (const stored of ['{"a":"1","b":"2"}', '{"b":"2","a":"1"}'])
      for (const fold of [
        { a: '1', b: '2' },
        { b: '2', a: '1' },
      ])
        expect(await breachesOf(stored, fold)).toEqual([]);
  });

  it('of a large state is named with the beginning of the fold', async () => {
    const a = 'x'.repeat(100_000);
    for (const stored of ['nonsense', '{"a":"1","b":"2"}']) {
      const [text = ''] = await breachesOf(stored, { a, b: '2' });
      expect(text).toMatch(/the fold(, which)? is \{"a":"x+…$/);
      expect(text.length).toBeLessThan(1_200);
    }
  });
});
