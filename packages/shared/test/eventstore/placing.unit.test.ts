// Which streams an append makes the store read under the log head's lock.
import { GENESIS_HASH } from '../../src/eventstore/hashChain.ts';
import type { StreamHead } from '../../src/eventstore/eventStore.ts';
import { prepareAppends, splitByKnownHead } from '../../src/eventstore/placing.ts';
import { append, counted, tallyCodec } from '../../src/testing/tallyDomain.ts';

const HEAD: StreamHead = { version: 7, hash: 'ab'.repeat(32), incarnation: 2 };

function split(...streams: ReturnType<typeof append>[]) {
  return splitByKnownHead(prepareAppends([{ streams }], tallyCodec), 2);
}

describe('Of the streams of a transaction', () => {
  it('those whose head the caller carries are not read', () => {
    const { known, toRead } = split({ ...append('a', 7, counted('a')), head: HEAD });
    expect(toRead).toEqual([]);
    expect(known.get('a')).toMatchObject({ version: 7, hash: HEAD.hash });
  });

  it('those that begin are not read: before their first event stands nothing', () => {
    const { known, toRead } = split(append('a', 0, counted('a')));
    expect(toRead).toEqual([]);
    expect(known.get('a')).toEqual({ version: 0, hash: GENESIS_HASH });
  });

  it('those to which several appends are made are looked at once', () => {
    const first = { ...append('a', 7, counted('a')), head: HEAD };
    expect(split(first, append('a', 8, counted('a'))).toRead).toEqual([]);
    const unknown = append('a', 7, counted('a'));
    expect(split(unknown, append('a', 8, counted('a'))).toRead).toEqual(['a']);
  });

  it.each([
    ['whose head nobody carries', append('a', 7, counted('a'))],
    ['that are only asserted', { ...append('a', 7), head: HEAD }],
    ['that are only asserted not to exist', append('a', 0)],
    [
      'whose head is of an older incarnation',
      { ...append('a', 7, counted('a')), head: { ...HEAD, incarnation: 1 } },
    ],
    ['whose head is of another version', { ...append('a', 8, counted('a')), head: HEAD }],
  ])('those %s are read', (_case, stream) => {
    expect(split(stream)).toEqual({ known: new Map(), toRead: ['a'] });
  });
});
