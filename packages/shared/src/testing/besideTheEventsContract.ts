// What stands beside the events in a commit (cursors, parked messages, read models): the second half of the contract.
import { START, type Place } from '../messaging/chain.ts';
import type { CursorMove, EventStore, ParkedMessage } from '../eventstore/eventStore.ts';
import { conflictOf, type StoreUnderTest } from './storeUnderTest.ts';
import {
  append,
  counted,
  NAME_TAKEN,
  opened,
  SECRET_TAKEN,
  seen,
  type TallyEvent,
  type TallySeen,
} from './tallyDomain.ts';

const place = (position: number): Place => ({ incarnation: 1, position, part: 0 });

const move = (from: Place, to: Place, nextOffset = '7', fromOffset = '0'): CursorMove => ({
  consumer: 'reader',
  from,
  fromOffset,
  to: { topic: 'news.v1', partition: 3, place: to, nextOffset },
});

/** A message that was parked at that position. */
export const parkedMessage = (position: number): ParkedMessage => ({
  consumer: 'reader',
  topic: 'news.v1',
  partition: 3,
  key: '42',
  place: place(position),
  value: '{"not":"und\u00e4rstood 🎟"}',
  reason: 'the handler threw',
  parkedAt: '2026-01-02T03:04:05.678Z',
});

/** Declares the tests; `open` gives a new empty store. */
export function besideTheEventsContract(open: () => Promise<StoreUnderTest>): void {
  let store: EventStore<TallyEvent, TallySeen>;
  let rows: StoreUnderTest['rows'];
  const commit = (...streams: ReturnType<typeof append>[]) => store.commit([{ streams }]);
  const streamOf = async (id: string) => (await store.readStreams([id])).get(id) ?? [];

  beforeEach(async () => {
    const opened = await open();
    store = opened.store;
    rows = (table) => opened.rows(table);
  });

  describe('cursors', () => {
    it('stand at the start until they are moved', async () => {
      const start = { topic: 'news.v1', partition: 3, place: START, nextOffset: '0' };
      expect(await store.readCursors('reader', 'news.v1', [3])).toEqual([start]);
      // More than a JavaScript number can hold exactly: offsets are 64 bit.
      const moved = move(START, place(9), '9007199254740993');
      await store.commit([{ streams: [], cursors: [moved] }]);
      expect(await store.readCursors('reader', 'news.v1', [4, 3])).toEqual([
        moved.to,
        { ...start, partition: 4 },
      ]);
      expect(await store.readCursors('another', 'news.v1', [3])).toEqual([start]);
    });

    it('cannot be moved by a second owner that still holds the old place', async () => {
      await store.readCursors('reader', 'news.v1', [3]);
      const unit = (streamId: string, to: Place) => ({
        streams: [append(streamId, 0, opened(streamId))],
        cursors: [move(START, to)],
      });
      await store.commit([unit('a', place(2))]);
      const late = store.commit([unit('b', place(1))]);
      expect(await conflictOf(late)).toEqual({ kind: 'cursor', subject: 'reader/news.v1/3' });
      expect(await streamOf('b')).toEqual([]);
      const [cursor] = await store.readCursors('reader', 'news.v1', [3]);
      expect(cursor?.place).toEqual(place(2));
    });

    it('lost to an owner that has parked the same message are found out before the message is', async () => {
      await store.readCursors('reader', 'news.v1', [3]);
      const message = parkedMessage(1);
      const unit = { streams: [], cursors: [move(START, place(1))], parked: [message] };
      await store.commit([unit]);
      const late = await conflictOf(store.commit([unit]));
      expect(late).toEqual({ kind: 'cursor', subject: 'reader/news.v1/3' });
    });

    it('of several partitions move together, or none if one of them was moved by another', async () => {
      const partitions = [2, 3, 5, 8, 11];
      await store.readCursors('reader', 'news.v1', partitions);
      const moveAll = (from: Place, fromOffset: string, to: Place, nextOffset: string) =>
        partitions.toReversed().map((partition) => {
          const one = move(from, to, `${nextOffset}${partition}`, fromOffset);
          return { ...one, fromOffset, to: { ...one.to, partition } };
        });
      const first = moveAll(START, '0', place(4), '7');
      await store.commit([{ streams: [], cursors: first }]);
      const stored = () => store.readCursors('reader', 'news.v1', partitions);
      expect(await stored()).toEqual(first.map(({ to }) => to).toReversed());
      const late = moveAll(START, '0', place(9), '8').map((one) =>
        one.to.partition === 8
          ? one
          : { ...one, from: place(4), fromOffset: `7${one.to.partition}` },
      );
      expect(await conflictOf(store.commit([{ streams: [], cursors: late }]))).toEqual({
        kind: 'cursor',
        subject: expect.stringContaining('reader/news.v1/8') as unknown,
      });
      expect(await stored()).toEqual(first.map(({ to }) => to).toReversed());
    });

    it('of one partition can move several times in one commit', async () => {
      await store.readCursors('reader', 'news.v1', [3]);
      const cursors = [move(START, place(1), '1'), move(place(1), place(2), '2', '1')];
      await store.commit([{ streams: [], cursors }]);
      const [cursor] = await store.readCursors('reader', 'news.v1', [3]);
      expect(cursor).toMatchObject({ place: place(2), nextOffset: '2' });
    });

    it('cannot be moved twice from the same offset, though the place stays', async () => {
      await store.readCursors('reader', 'news.v1', [3]);
      const unit = (position: number) => ({
        streams: [],
        parked: [parkedMessage(position)],
        cursors: [move(START, START, '1')],
      });
      await store.commit([unit(1)]);
      expect(await conflictOf(store.commit([unit(2)]))).toMatchObject({ kind: 'cursor' });
      await store.commit([{ streams: [], cursors: [move(START, START, '2', '1')] }]);
    });

    it('cannot be moved when they were never made', async () => {
      const attempt = store.commit([{ streams: [], cursors: [move(START, place(1))] }]);
      expect(await conflictOf(attempt)).toMatchObject({ kind: 'cursor' });
    });
  });

  describe('parked messages', () => {
    it('are known by their key, for their consumer and topic alone', async () => {
      await store.commit([{ streams: [], parked: [parkedMessage(1), parkedMessage(2)] }]);
      expect(await store.readParkedKeys('reader', 'news.v1')).toEqual(new Set(['news.v1/42']));
      expect(await store.readParkedKeys('reader', 'other.v1')).toEqual(new Set());
      expect(await store.readParkedKeys('another', 'news.v1')).toEqual(new Set());
    });

    it('cannot be parked twice, with whatever stands beside them', async () => {
      await store.commit([{ streams: [], parked: [parkedMessage(1)] }]);
      const streams = [append('a', 0, opened('a'))];
      const again = store.commit([{ streams, parked: [parkedMessage(2), parkedMessage(1)] }]);
      expect(await conflictOf(again)).toEqual({ kind: 'row', subject: 'parked_messages' });
      expect(await streamOf('a')).toEqual([]);
      const twice = store.commit([{ streams: [], parked: [parkedMessage(3), parkedMessage(3)] }]);
      expect(await conflictOf(twice)).toMatchObject({ kind: 'row' });
    });
  });

  describe('read models', () => {
    it('fold facts before events, unit by unit, into new rows and old ones', async () => {
      await commit(append('a', 0, opened('a', 'first')));
      await store.commit([
        { streams: [append('a', 1, counted('a', 5)), append('b', 0, opened('b'))] },
        { streams: [append('a', 2, counted('a', 2))], facts: [seen('a'), seen('b')] },
      ]);
      expect(await rows('tallies')).toEqual([
        { tally: 'a', name: 'first', total: 7, seen: 1, history: 'ocsc' },
        { tally: 'b', name: 'b', total: 0, seen: 1, history: 'os' },
      ]);
    });

    it('lose no update to a row that several commits fold at once', async () => {
      const streams = Array.from({ length: 8 }, (_, index) => `s-${index}`);
      // The row does not exist: all of them create it, all but one find that out at their insert.
      await Promise.all(streams.map((id) => commit(append(id, 0, counted('shared')))));
      await Promise.all(streams.map((id) => commit(append(id, 1, counted('shared')))));
      expect(await rows('tallies')).toMatchObject([{ tally: 'shared', total: 16 }]);
    });

    it('report a broken unique constraint by its name', async () => {
      await commit(append('a', 0, opened('a', 'same')));
      expect(await conflictOf(commit(append('b', 0, opened('b', 'same'))))).toEqual({
        kind: 'unique',
        subject: NAME_TAKEN,
      });
      await commit(append('b', 0, opened('b', 'free')));
      expect(await conflictOf(commit(append('b', 1, opened('b', 'same'))))).toEqual({
        kind: 'unique',
        subject: NAME_TAKEN,
      });
      expect(await streamOf('b')).toHaveLength(1);
    });
  });

  describe('rows beside the events', () => {
    it('are written with them, and report what they break', async () => {
      const unit = (id: number, secret: string) => ({
        streams: [append(`s-${id}-${secret}`, 0, opened(`${id}-${secret}`))],
        inserts: [{ table: 'secrets', row: { id, secret } }],
      });
      await store.commit([unit(1, 'x')]);
      const duplicateSecret = await conflictOf(store.commit([unit(2, 'x')]));
      expect(duplicateSecret).toEqual({ kind: 'unique', subject: SECRET_TAKEN });
      const duplicateId = await conflictOf(store.commit([unit(1, 'y')]));
      expect(duplicateId).toEqual({ kind: 'row', subject: 'secrets' });
      expect(await rows('secrets')).toEqual([{ id: 1, secret: 'x' }]);
    });
  });
}
