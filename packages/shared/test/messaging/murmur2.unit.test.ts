// The partitioner agrees with Kafka's Java clients, bit for bit.
import { createRequire } from 'node:module';
import fc from 'fast-check';
import { murmur2, partitionOf } from '../../src/messaging/murmur2.ts';

/** kafkajs' own port of the Java function, written over 64-bit numbers. */
const load: (path: string) => unknown = createRequire(import.meta.url);
const reference = load('kafkajs/src/producer/partitioners/default/murmur2.js') as (
  key: string,
) => number;

// From Kafka's UtilsTest.testMurmur2.
it.each([
  ['21', -973932308],
  ['foobar', -790332482],
  ['a-little-bit-long-string', -985981536],
  ['a-little-bit-longer-string', -1486304829],
  ['lkjh234lh9fiuh90y23oiuhsafujhadof229phr9h19h89h8', -58897971],
  ['abc', 479470107],
])('hashes %s as Java does', (key, hash) => {
  expect(murmur2(key)).toBe(hash);
});

it('hashes any key as kafkajs does', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'grapheme', maxLength: 40 }), (key) => {
      expect(murmur2(key)).toBe(reference(key));
    }),
  );
});

it('gives each key one of the partitions, always the same', () => {
  fc.assert(
    fc.property(fc.string(), fc.integer({ min: 1, max: 100 }), (key, count) => {
      const partition = partitionOf(key, count);
      expect(partition).toBeGreaterThanOrEqual(0);
      expect(partition).toBeLessThan(count);
      expect(partitionOf(key, count)).toBe(partition);
    }),
  );
});
