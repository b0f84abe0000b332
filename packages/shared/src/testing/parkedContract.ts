// The part of the store's contract that concerns what becomes of parked messages.
import type { EventStore, Redrive } from '../eventstore/eventStore.ts';
import type { Place } from '../messaging/chain.ts';
import { conflictOf, type StoreUnderTest } from './storeUnderTest.ts';
import { append, opened, type TallyEvent, type TallySeen } from './tallyDomain.ts';

const KEY = { consumer: 'reader', topic: 'news.v1', key: '42' };

const place = (position: number, part = 0): Place => ({ incarnation: 1, position, part });

const message = (at: Place, key = '42') => ({
  ...{ ...KEY, key, partition: 3, place: at, value: `{"at":${at.position}}` },
  ...{ reason: 'the handler threw', parkedAt: '2026-01-02T03:04:05.678Z' },
});

/** Declares the cases, inside a `describe`. */
export function parkedContract(open: () => Promise<StoreUnderTest>): void {
  let store: EventStore<TallyEvent, TallySeen>;
  let wish: StoreUnderTest['wish'];

  beforeEach(async () => {
    const opened = await open();
    store = opened.store;
    wish = (...of) => opened.wish(...of);
    // Not in their order: the order is that of their places.
    const parked = [place(7), place(2, 1), place(2, 0), place(11)].map((at) => message(at));
    await store.commit([{ streams: [], parked: [...parked, message(place(3), '43')] }]);
  });

  const left = async () =>
    (await store.readParked(KEY, 10)).map(({ place: { position, part } }) => `${position}.${part}`);
  const redrive = (of: Pick<Redrive, 'removed' | 'kept'>, stream = 'a') => {
    const streams = [append(stream, 0, opened(stream))];
    return store.commit([{ streams, redrive: { key: KEY, wish: 'retry', ...of } }]);
  };

  it('of a key are read in order, from any place on', async () => {
    expect(await left()).toEqual(['2.0', '2.1', '7.0', '11.0']);
    expect(await store.readParked(KEY, 2)).toEqual([
      { ...message(place(2, 0)), wish: null, answer: null },
      { ...message(place(2, 1)), wish: null, answer: null },
    ]);
    const behind = await store.readParked(KEY, 2, place(2, 1));
    expect(behind.map((found) => found.place)).toEqual([place(2, 1), place(7)]);
    expect(await store.readParked({ ...KEY, consumer: 'another' }, 2)).toEqual([]);
  });

  it('are told with what is wished about them', async () => {
    expect(await store.readWishes('reader')).toEqual([]);
    await wish({ ...KEY, place: place(2, 0) }, 'retry');
    await wish({ ...KEY, key: '43', place: place(3) }, 'drop');
    expect(await store.readWishes('reader')).toEqual([
      { ...KEY, partition: 3, place: place(2, 0), wish: 'retry' },
      { ...KEY, key: '43', partition: 3, place: place(3), wish: 'drop' },
    ]);
    expect(await store.readWishes('another')).toEqual([]);
  });

  it('leave together with their effects, and the next one carries the wish on', async () => {
    await wish({ ...KEY, place: place(2, 0) }, 'retry');
    const kept = { place: place(7), wish: 'retry', reason: 'as before', answer: null } as const;
    await redrive({ removed: [place(2, 0), place(2, 1)], kept });
    expect(await left()).toEqual(['7.0', '11.0']);
    expect((await store.readParked(KEY, 1))[0]).toMatchObject(kept);
    expect(await store.readWishes('reader')).toMatchObject([{ place: place(7), wish: 'retry' }]);
    expect((await store.readStreams(['a'])).size).toBe(1);
  });

  it('stay with their answer, and nothing is wished any more', async () => {
    await wish({ ...KEY, place: place(2, 0) }, 'retry');
    const kept = { place: place(2, 0), wish: null, reason: 'still', answer: 'failed again' };
    await redrive({ removed: [], kept });
    expect((await store.readParked(KEY, 1))[0]).toMatchObject(kept);
    expect(await store.readWishes('reader')).toEqual([]);
    await wish({ ...KEY, place: place(2, 0) }, 'retry');
    expect((await store.readParked(KEY, 1))[0]).toMatchObject({ wish: 'retry', answer: null });
  });

  it('keep a wish that has changed since it was read: its answer would be that to another', async () => {
    await wish({ ...KEY, place: place(2, 0) }, 'drop');
    const kept = { place: place(2, 0), wish: null, reason: 'still', answer: 'failed again' };
    expect(await conflictOf(redrive({ removed: [], kept }))).toEqual({
      ...{ kind: 'cursor', subject: 'reader/news.v1/42' },
    });
    expect(await store.readWishes('reader')).toMatchObject([{ place: place(2, 0), wish: 'drop' }]);
    expect((await store.readStreams(['a'])).size).toBe(0);
  });

  it('are removed once, and as they were wished: otherwise nothing is written at all', async () => {
    await redrive({ removed: [place(2, 0)] });
    const conflict = { kind: 'cursor', subject: 'reader/news.v1/42' };
    const late = redrive({ removed: [place(2, 0), place(2, 1)] }, 'b');
    expect(await conflictOf(late)).toEqual(conflict);
    const gone = { place: place(2, 0), wish: null, reason: '', answer: null };
    expect(await conflictOf(redrive({ removed: [], kept: gone }, 'b'))).toEqual(conflict);
    expect(await left()).toEqual(['2.1', '7.0', '11.0']);
    expect((await store.readStreams(['b'])).size).toBe(0);
    await wish({ ...KEY, place: place(2, 1) }, 'drop');
    expect(await conflictOf(redrive({ removed: [place(2, 1)] }, 'b'))).toEqual(conflict);
    await wish({ ...KEY, place: place(2, 1) }, 'retry');
    await redrive({ removed: [place(2, 1), place(7), place(11)] }, 'b');
    expect(await store.readParkedKeys('reader', 'news.v1')).toEqual(new Set(['news.v1/43']));
  });
}
