// A log that was put back to an earlier state is noticed before its positions are used again.
import { START } from '../../src/messaging/chain.ts';
import { logBehindCursors } from '../../src/messaging/relayHead.ts';
import { rewoundCursor } from '../../src/messaging/relayPositions.ts';
import { place } from './madeDomain.ts';

const cursor = (partition: number, at: string, scannedPosition: number) => ({
  ...{ partition, place: place(at), scannedPosition },
});
const check = (incarnation: number, position: number, ...cursors: ReturnType<typeof cursor>[]) =>
  logBehindCursors('topic', { incarnation, position }, cursors);

it('a head at or above all cursors fits', () => {
  expect(check(1, 9, cursor(0, '1.7.0', 9), cursor(1, '1.9.1', 9)).kind).toBe('fits');
});

it('a head below what was published, in the same incarnation, is a lost end', () => {
  const lost = check(1, 8, cursor(0, '1.7.0', 8), cursor(1, '1.9.1', 8));
  expect(lost.kind).toBe('lost');
  expect(check(1, 8, cursor(0, '1.7.0', 9)).kind).toBe('lost');
  expect(check(1, 8, cursor(0, '2.3.0', 3)).kind).toBe('lost');
});

it('after the incarnation was raised the log is scanned from its beginning, and sent messages are not sent again', () => {
  const result = check(2, 8, cursor(0, '1.9.0', 9), cursor(1, '1.4.0', 9));
  expect(result).toEqual({
    kind: 'rescan',
    cursors: [cursor(0, '1.9.0', 0), cursor(1, '1.4.0', 0)],
  });
  expect(check(2, 11, cursor(0, '2.10.0', 10), cursor(1, '1.4.0', 10)).kind).toBe('fits');
});

it('a rewind never moves a cursor forward', () => {
  const at = cursor(0, '1.5.0', 7);
  expect(rewoundCursor(at, place('1.9.0'), 1)).toEqual(at);
  expect(rewoundCursor(at, place('1.3.2'), 1)).toEqual(cursor(0, '1.3.2', 2));
  expect(rewoundCursor(at, START, 1)).toEqual(cursor(0, '0.0.0', 0));
});

it('a rewind to a place of an earlier incarnation scans from the beginning', () => {
  expect(rewoundCursor(cursor(0, '2.5.0', 7), place('1.6.0'), 2)).toEqual(cursor(0, '1.6.0', 0));
});
