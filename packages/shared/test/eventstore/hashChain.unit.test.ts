// The bytes that a hash covers are fixed for ever: logs that exist must still verify.
import { createHash } from 'node:crypto';
import { chainHash, findBrokenLink, GENESIS_HASH } from '../../src/eventstore/hashChain.ts';

const event = {
  streamId: 'order-1',
  version: 1,
  type: 'OrderRequested',
  schemaVersion: 2,
  data: '{"at":"2026-01-02T03:04:05.678Z"}',
  metadata: '{"correlationId":"c","causationId":"d"}',
};

describe('chainHash', () => {
  it('is SHA-256 over the previous hash and the event, with NUL between the parts', () => {
    const bytes =
      `${'0'.repeat(64)}\0order-1\u00001\0OrderRequested\u00002\0` +
      '{"at":"2026-01-02T03:04:05.678Z"}\0{"correlationId":"c","causationId":"d"}';
    const expected = createHash('sha256').update(bytes).digest('hex');
    expect(chainHash(GENESIS_HASH, event)).toBe(expected);
    expect(expected).toBe('9045c3118d1fa57a2ae1615fa3f114092e3db49439c60b2c2553bbf307d29345');
  });

  it('differs when the hash before it does', () => {
    expect(chainHash('1'.repeat(64), event)).not.toBe(chainHash(GENESIS_HASH, event));
  });
});

describe('findBrokenLink', () => {
  it('finds nothing wrong with no events', () => {
    expect(findBrokenLink([])).toBeUndefined();
  });

  it('says where a chain that was built on another one breaks', () => {
    const first = { ...event, hash: chainHash(GENESIS_HASH, event) };
    const second = { ...event, version: 2 };
    expect(
      findBrokenLink([first, { ...second, hash: chainHash(first.hash, second) }]),
    ).toBeUndefined();
    expect(findBrokenLink([first, { ...second, hash: chainHash(GENESIS_HASH, second) }])).toEqual({
      version: 2,
    });
  });
});
