// Records judged in order, and where to read again after a restart.
import { serializeEnvelope } from '../../src/messaging/envelope.ts';
import { judgeRecords } from '../../src/messaging/judgement.ts';
import { findLoss, startOffset } from '../../src/messaging/startOffset.ts';
import { AT, place } from './madeDomain.ts';

const message = (own: string, prev: string): string =>
  serializeEnvelope(
    'publisher',
    { key: 'a', type: 'Made', schemaVersion: 1, data: { at: AT } },
    { place: place(own), prev: place(prev) },
    { correlationId: 'correlation', causationId: 'cause' },
  );

/** Judges values that stand from offset `first` on, with 1.5.0 handled. */
function judged(first: bigint, nextOffset: bigint, inGap: boolean, ...values: string[]) {
  const from = { place: place('1.5.0'), nextOffset, readOffset: first };
  const records = values.map((value, index) => ({
    offset: first + BigInt(index),
    value: Buffer.from(value),
  }));
  return judgeRecords(from, inGap, records).map(({ kind, after }) => [
    kind,
    after.place.position,
    Number(after.nextOffset),
    Number(after.readOffset),
  ]);
}

it('repeats move the offset, next ones the place as well', () => {
  expect(judged(10n, 10n, false, message('1.4.0', '1.3.0'), message('1.6.0', '1.5.0'))).toEqual([
    ['repeat', 5, 11, 11],
    ['next', 6, 12, 12],
  ]);
});

it('while a gap is open the offset stays before it, until the missing message comes', () => {
  expect(
    judged(
      ...([10n, 10n, false, message('1.8.0', '1.7.0'), message('1.4.0', '1.3.0')] as const),
      ...[message('1.7.0', '1.5.0'), message('1.8.0', '1.7.0')],
    ),
  ).toEqual([
    ['gap', 5, 10, 11],
    ['repeat', 5, 10, 12],
    ['next', 7, 13, 13],
    ['next', 8, 14, 14],
  ]);
  expect(judged(10n, 10n, true, message('1.4.0', '1.3.0'))).toEqual([['repeat', 5, 10, 11]]);
});

it('what a restored publisher has lost is passed over, and what it says instead is applied', () => {
  const history = { newest: 9, kept: new Map([[1, 6]]) };
  const from = { place: place('1.5.0'), nextOffset: 10n, readOffset: 10n };
  const values = [
    message('1.6.0', '1.5.0'),
    message('1.7.0', '1.6.0'),
    message('1.8.0', '1.7.0'),
    message('1.6.0', '1.5.0'),
    message('9.7.0', '1.6.0'),
  ];
  const records = values.map((value, index) => ({
    offset: BigInt(10 + index),
    value: Buffer.from(value),
  }));
  const kinds = (known: typeof history | undefined) =>
    judgeRecords(from, false, records, known).map(({ kind }) => kind);
  expect(kinds(history)).toEqual(['next', 'repeat', 'repeat', 'repeat', 'next']);
  // Without the history the lost ones are applied: their chain fits.
  expect(kinds(undefined)).toEqual(['next', 'next', 'next', 'repeat', 'next']);
});

it('what is no message has no place, and is new only the first time', () => {
  expect(judged(10n, 11n, false, 'no JSON', 'no JSON')).toEqual([
    ['repeat', 5, 11, 11],
    ['unreadable', 5, 12, 12],
  ]);
});

it('a partition is read from one record before the next, which must be a repeat', () => {
  expect(startOffset(0n, { low: 0n, high: 0n })).toEqual({ offset: 0n });
  expect(startOffset(7n, { low: 0n, high: 9n })).toEqual({ offset: 6n });
  expect(startOffset(7n, { low: 7n, high: 9n })).toEqual({ offset: 7n });
});

it('an end before, or a beginning behind, what is to be read is a loss', () => {
  expect(findLoss(7n, { low: 0n, high: 7n })).toBeUndefined();
  expect(findLoss(7n, { low: 7n, high: 7n })).toBeUndefined();
  expect(findLoss(7n, { low: 0n, high: 6n })).toEqual({ offset: 0n, loss: 'tail lost' });
  expect(findLoss(7n, { low: 8n, high: 9n })).toEqual({ offset: 8n, loss: 'records deleted' });
  expect(startOffset(0n, { low: 3n, high: 9n }).loss).toBe('records deleted');
});
