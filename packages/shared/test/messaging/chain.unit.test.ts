// The chain: what a consumer does with a message follows from three places alone.
import fc from 'fast-check';
import {
  comparePlaces,
  formatPlace,
  isVoid,
  judge,
  parsePlace,
  START,
  type Place,
} from '../../src/messaging/chain.ts';
import { place } from './madeDomain.ts';

const anyPlace: fc.Arbitrary<Place> = fc.record({
  incarnation: fc.nat(5),
  position: fc.nat(1_000_000),
  part: fc.nat(60),
});

it('a place is read back as it was written', () => {
  fc.assert(
    fc.property(anyPlace, (one) => {
      expect(parsePlace(formatPlace(one))).toEqual(one);
    }),
  );
});

it.each(['', '1.2', '1.2.3.4', '1.-2.3', 'a.b.c', '1.2.3 '])('"%s" is no place', (text) => {
  expect(() => parsePlace(text)).toThrow(/Not a place/);
});

it('a higher incarnation comes after every position of a lower one', () => {
  expect(comparePlaces(place('2.1.0'), place('1.999.9'))).toBeGreaterThan(0);
});

it.each([
  ['1.5.0', '1.5.0', '1.4.0', 'repeat'],
  ['1.5.0', '1.3.2', '1.3.1', 'repeat'],
  ['1.5.0', '1.5.1', '1.5.0', 'next'],
  ['1.5.0', '1.9.0', '1.5.0', 'next'],
  // The predecessor is older than the cursor: the publisher skipped nothing that we lack.
  ['1.5.0', '1.9.0', '1.2.0', 'next'],
  ['1.5.0', '1.9.0', '1.6.0', 'gap'],
  // After a restore the lost end of the old log is used again.
  ['1.5.0', '2.3.0', '1.2.0', 'next'],
  ['1.5.0', '2.3.0', '1.8.0', 'gap'],
])('with %s handled, %s after %s is a %s', (cursor, own, prev, link) => {
  expect(judge(place(cursor), { place: place(own), prev: place(prev) })).toBe(link);
});

it.each([
  ['1.6.0', false, 'stands in the backup'],
  ['1.7.0', true, 'came after the backup'],
  ['4.2.0', true, 'is of a history that another restore has ended'],
  ['9.7.0', false, 'came after the restore'],
  ['10.8.0', false, 'came after a failover since'],
])('with 1.6 restored as incarnation 9, that %s is void is %s: it %s', (own, expected) => {
  expect(isVoid({ newest: 9, kept: new Map([[1, 6]]) }, place(own))).toBe(expected);
});

it('whatever is dropped, doubled or resent, nothing is applied out of order or over a hole', () => {
  const resends = fc.array(fc.tuple(fc.nat(19), fc.nat(19)), { maxLength: 12 });
  fc.assert(
    fc.property(resends, (ranges) => {
      const messages = Array.from({ length: 20 }, (_, index) => ({
        place: { incarnation: 1, position: index + 1, part: 0 },
        prev: index === 0 ? START : { incarnation: 1, position: index, part: 0 },
      }));
      let cursor = START;
      for (const [from, to] of ranges) {
        for (const message of messages.slice(from, to + 1)) {
          if (judge(cursor, message) !== 'next') continue;
          expect(message.place.position).toBe(cursor.position + 1);
          cursor = message.place;
        }
      }
    }),
  );
});
