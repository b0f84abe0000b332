// What every event store promises, as one suite: run against MySQL and against the store in memory.
import { START, type Place } from '../messaging/chain.ts';
import {
  ConflictError,
  type CursorMove,
  type EventStore,
  type ParkedMessage,
  type RecordedEvent,
} from '../eventstore/eventStore.ts';
import { GENESIS_HASH, chainHash } from '../eventstore/hashChain.ts';
import type { Row } from '../eventstore/projection.ts';
import { eventually } from './eventually.ts';
import {
  append,
  counted,
  METADATA,
  NAME_TAKEN,
  opened,
  SECRET_TAKEN,
  seen,
  type TallyEvent,
  type TallySeen,
} from './tallyDomain.ts';

/** A store of the tally domain, empty for each test. */
export interface StoreUnderTest {
  readonly store: EventStore<TallyEvent, TallySeen>;
  /** All rows of a table, by primary key. */
  rows(table: string): Promise<readonly Row[]>;
}

const place = (position: number): Place => ({ incarnation: 1, position, part: 0 });

const move = (from: Place, to: Place, nextOffset = '7'): CursorMove => ({
  consumer: 'reader',
  from,
  to: { topic: 'news.v1', partition: 3, place: to, nextOffset },
});

const parkedMessage = (position: number): ParkedMessage => ({
  consumer: 'reader',
  topic: 'news.v1',
  partition: 3,
  key: '42',
  place: place(position),
  value: '{"not":"und\u00e4rstood 🎟"}',
  reason: 'the handler threw',
  parkedAt: '2026-01-02T03:04:05.678Z',
});

async function conflictOf(attempt: Promise<unknown>): Promise<{ kind: string; subject: string }> {
  const error: unknown = await attempt.then(
    () => undefined,
    (reason: unknown) => reason,
  );
  if (!(error instanceof ConflictError)) throw new Error('Expected a conflict', { cause: error });
  return { kind: error.kind, subject: error.subject };
}

/** Declares the suite; `open` gives a new empty store. */
export function eventStoreContract(name: string, open: () => Promise<StoreUnderTest>): void {
  describe(`The event store in ${name}`, () => {
    let store: EventStore<TallyEvent, TallySeen>;
    let rows: StoreUnderTest['rows'];
    const commit = (...streams: ReturnType<typeof append>[]) => store.commit([{ streams }]);
    const streamOf = async (id: string): Promise<readonly RecordedEvent<TallyEvent>[]> =>
      (await store.readStreams([id])).get(id) ?? [];

    beforeEach(async () => {
      const opened = await open();
      store = opened.store;
      rows = (table) => opened.rows(table);
    });

    describe('appends', () => {
      it('gives events positions and versions in the order given', async () => {
        const recorded = await store.commit([
          { streams: [append('a', 0, opened('a'), counted('a'))] },
          { streams: [append('b', 0, opened('b')), append('c', 0, opened('c'))] },
        ]);
        expect(recorded.map((e) => [e.position, e.streamId, e.version])).toEqual([
          [1, 'a', 1],
          [2, 'a', 2],
          [3, 'b', 1],
          [4, 'c', 1],
        ]);
        expect(recorded.map((e) => e.incarnation)).toEqual([1, 1, 1, 1]);
        expect(await store.head()).toEqual({ incarnation: 1, position: 4 });
      });

      it('gives back exactly what was recorded, by stream and by position', async () => {
        const odd = opened('a', `quotes ' " \\ and \u0000 \u{1f39f} ä\n`);
        const traced = { ...METADATA, traceparent: '00-1-2-01' };
        const recorded = await store.commit([
          { streams: [{ ...append('a', 0), events: [{ event: odd, metadata: traced }] }] },
        ]);
        expect(recorded[0]).toMatchObject({ event: odd, metadata: traced, schemaVersion: 1 });
        expect(await streamOf('a')).toEqual(recorded);
        expect(await store.readLog(0, 10)).toEqual(recorded);
      });

      it('lets several appends of one commit follow each other in one stream', async () => {
        await store.commit([
          { streams: [append('a', 0, opened('a'))] },
          { streams: [append('a', 1, counted('a'), counted('a'))] },
          { streams: [append('a', 3, counted('a'))] },
        ]);
        expect((await streamOf('a')).map((e) => e.version)).toEqual([1, 2, 3, 4]);
      });

      it('chains the hashes of a stream across commits', async () => {
        await commit(append('a', 0, opened('a')), append('b', 0, opened('b')));
        await commit(append('a', 1, counted('a')));
        let previous = GENESIS_HASH;
        for (const { streamId, version, hash, event, metadata } of await streamOf('a')) {
          const texts = { data: JSON.stringify(event.data), metadata: JSON.stringify(metadata) };
          const type = event.type;
          previous = chainHash(previous, { streamId, version, type, schemaVersion: 1, ...texts });
          expect(hash).toBe(previous);
        }
      });

      it.each([
        ['begins a stream that exists', 0],
        ['comes too late', 1],
        ['expects a version that does not exist yet', 3],
      ])('refuses an append that %s, and names the stream', async (_case, expectedVersion) => {
        await commit(append('tally-1', 0, opened('a'), counted('a')));
        expect(await conflictOf(commit(append('tally-1', expectedVersion, counted('a'))))).toEqual({
          kind: 'version',
          subject: 'tally-1',
        });
        expect(await streamOf('tally-1')).toHaveLength(2);
      });

      it('lets one of two simultaneous writers of a stream win', async () => {
        await commit(append('a', 0, opened('a')));
        const outcomes = await Promise.allSettled([
          commit(append('a', 1, counted('a', 10))),
          commit(append('a', 1, counted('a', 20))),
        ]);
        expect(outcomes.map((outcome) => outcome.status).sort()).toEqual(['fulfilled', 'rejected']);
        expect(await streamOf('a')).toHaveLength(2);
      });

      it('refuses an event of more than 64 KiB before anything is written', async () => {
        const huge = opened('a', 'x'.repeat(65_536));
        await expect(commit(append('a', 0, huge))).rejects.toMatchObject({
          code: 'event_too_large',
          retryable: false,
        });
        expect(await store.head()).toMatchObject({ position: 0 });
      });

      it.each(['', 'a b', 'a ', 'ä', 'x'.repeat(101)])('refuses the stream id "%s"', async (id) => {
        await expect(commit(append(id, 0, opened('a')))).rejects.toMatchObject({
          code: 'stream_id_invalid',
        });
      });
    });

    describe('assertions (appends without events)', () => {
      it('pass while the stream is at its version, and write nothing', async () => {
        await commit(append('a', 0, opened('a')));
        expect(await commit(append('a', 1), append('never-begun', 0))).toEqual([]);
        expect(await store.head()).toMatchObject({ position: 1 });
      });

      it.each([
        ['has moved on', 'a', 1],
        ['has begun meanwhile', 'a', 0],
        ['is not there yet', 'b', 1],
      ])('fail the whole commit when a stream %s', async (_case, streamId, version) => {
        await commit(append('a', 0, opened('a'), counted('a')));
        const attempt = commit(append('c', 0, opened('c')), append(streamId, version));
        expect(await conflictOf(attempt)).toEqual({ kind: 'version', subject: streamId });
        expect(await streamOf('c')).toEqual([]);
      });
    });

    describe('all or nothing', () => {
      it('writes nothing of a commit in which one append conflicts, and uses its positions again', async () => {
        await commit(append('a', 0, opened('a')));
        const attempt = store.commit([
          {
            streams: [append('b', 0, opened('b')), append('a', 0, opened('a'))],
            inserts: [{ table: 'secrets', row: { id: 1, secret: 'x' } }],
            facts: [seen('c')],
            parked: [parkedMessage(1)],
          },
        ]);
        expect(await conflictOf(attempt)).toMatchObject({ kind: 'version' });
        expect(await store.head()).toMatchObject({ position: 1 });
        expect(await rows('secrets')).toEqual([]);
        expect((await rows('tallies')).map((row) => row['tally'])).toEqual(['a']);
        expect(await store.readParkedKeys('reader', 'news.v1')).toEqual(new Set());
        const [next] = await commit(append('b', 0, opened('b')));
        expect(next?.position).toBe(2);
      });

      it('tells listeners of what was committed, and of nothing else', async () => {
        const heard: number[] = [];
        const stop = store.onCommitted((events) => heard.push(...events.map((e) => e.position)));
        await commit(append('a', 0, opened('a'), counted('a')));
        await conflictOf(commit(append('a', 0, opened('a'))));
        await commit(append('a', 2));
        await commit(append('a', 2, counted('a')));
        await eventually(() => heard.length === 3, 'both commits are heard of');
        stop();
        await commit(append('a', 3, counted('a')));
        expect(heard).toEqual([1, 2, 3]);
      });
    });

    describe('reads', () => {
      it('reads the log in pages', async () => {
        await commit(append('a', 0, opened('a'), counted('a'), counted('a')));
        const positions = async (after: number, limit: number) =>
          (await store.readLog(after, limit)).map((e) => e.position);
        expect(await positions(0, 2)).toEqual([1, 2]);
        expect(await positions(2, 2)).toEqual([3]);
        expect(await positions(3, 2)).toEqual([]);
      });

      it('knows the versions of streams that exist', async () => {
        await commit(append('a', 0, opened('a'), counted('a')), append('A', 0, opened('A')));
        expect(await store.readVersions(['a', 'A', 'b'])).toEqual(
          new Map([
            ['a', 2],
            ['A', 1],
          ]),
        );
        expect(await store.readVersions([])).toEqual(new Map());
        expect([...(await store.readStreams(['a', 'b'])).keys()]).toEqual(['a']);
      });
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
  });
}
