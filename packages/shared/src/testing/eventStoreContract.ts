// What every event store promises, as one suite: run against MySQL and against the store in memory.
import type { EventStore, RecordedEvent } from '../eventstore/eventStore.ts';
import { GENESIS_HASH, chainHash } from '../eventstore/hashChain.ts';
import type { TableChanges } from '../eventstore/projection.ts';
import { besideTheEventsContract, parkedMessage } from './besideTheEventsContract.ts';
import { carriedHeadsContract } from './carriedHeadsContract.ts';
import { eventually } from './eventually.ts';
import { parkedContract } from './parkedContract.ts';
import { snapshotsContract } from './snapshotsContract.ts';
import { conflictOf, type StoreUnderTest } from './storeUnderTest.ts';
import {
  append,
  counted,
  METADATA,
  opened,
  seen,
  type TallyEvent,
  type TallySeen,
} from './tallyDomain.ts';

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

    describe('appends that carry the head of their stream', () => {
      carriedHeadsContract(open);
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
        expect((await rows('tallies')).map((row) => row.tally)).toEqual(['a']);
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

      it('tells them of the read-model rows that the commit has written, too', async () => {
        const heard: (readonly TableChanges[])[] = [];
        store.onCommitted((_events, changes) => heard.push(changes));
        await commit(append('a', 0, opened('a')));
        const streams = [append('a', 1, counted('a', 5)), append('b', 0, opened('b'))];
        await store.commit([{ streams, facts: [seen('a')] }]);
        await eventually(() => heard.length === 2, 'both commits are heard of');
        const a = { tally: 'a', name: 'a', total: 0, seen: 0, history: 'o' };
        const b = { ...a, tally: 'b', name: 'b' };
        expect(heard).toMatchObject([
          [{ table: { name: 'tallies' }, inserted: [a], updated: [] }],
          [{ inserted: [b], updated: [{ ...a, total: 5, seen: 1, history: 'osc' }] }],
        ]);
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

    describe('ranges and snapshots of streams', () => {
      snapshotsContract(open);
    });

    describe('beside the events', () => {
      besideTheEventsContract(open);
    });

    describe('parked messages', () => {
      parkedContract(open);
    });
  });
}
