// States read from the log: with and without snapshots, in pages or at once, they are the same.
import fc from 'fast-check';
import { createMemoryEventStore } from '../../src/eventstore/memoryEventStore.ts';
import { loadStates, type StateCodec } from '../../src/messaging/loadStates.ts';
import { createSnapshotWriter } from '../../src/messaging/snapshotWriter.ts';
import { BatchStates, createStateCache } from '../../src/messaging/stateCache.ts';
import { append, counted, tallyCodec, type TallyEvent } from '../../src/testing/tallyDomain.ts';
import { silentLogger } from '../../src/testing/testService.ts';

const stateCodec: StateCodec<number> = {
  schemaVersion: 1,
  serialize: String,
  parse(text) {
    if (!/^\d+$/.test(text)) throw new Error(`Not a number: ${text}`);
    return Number(text);
  },
  bytesOf: () => 8,
};

const evolution = {
  initialState: 0,
  evolve: (total: number, event: TallyEvent) =>
    event.type === 'Counted' ? total + event.data.amount : total,
  stateCodec,
};

/** Streams of these lengths, in which the nth event counts n. */
async function openStore(lengths: Readonly<Record<string, number>>) {
  const store = createMemoryEventStore<TallyEvent>({ codec: tallyCodec, projections: [] });
  const streams = Object.entries(lengths).map(([id, length]) =>
    append(id, 0, ...Array.from({ length }, (_, index) => counted(id, index + 1))),
  );
  await store.commit([{ streams }]);
  return store;
}

type Store = Awaited<ReturnType<typeof openStore>>;

/** The store, noting how many events are read from it. */
function noting(store: Store) {
  const read = { events: 0, most: 0 };
  const readStreams: Store['readStreams'] = async (...of) => {
    const streams = await store.readStreams(...of);
    const count = [...streams.values()].flat().length;
    read.events += count;
    read.most = Math.max(read.most, count);
    return streams;
  };
  return { store: { ...store, readStreams }, read };
}

/** Writes a snapshot of the stream at that version, true or not. */
async function snapshotAt(store: Store, streamId: string, version: number, state: string) {
  const event = (await store.readStreams([streamId])).get(streamId)?.[version - 1];
  if (event === undefined) throw new Error('no such event');
  await store.writeSnapshots(new Map([[streamId, { ...event, state }]]), 1);
}

describe('The states of streams', () => {
  it('are the same in pages of any size, with and without snapshots', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.dictionary(fc.constantFrom('a', 'b', 'B', 'ab', 'c-1', 'c-10'), fc.nat(9)),
        fc.integer({ min: 1, max: 12 }),
        fc.nat(9),
        async (lengths, pageEvents, kept) => {
          const store = await openStore(lengths);
          for (const [id, length] of Object.entries(lengths)) {
            if (kept > 0 && kept <= length)
              await snapshotAt(store, id, kept, String((kept * (kept + 1)) / 2));
          }
          const ids = [...Object.keys(lengths), 'none'];
          const { store: noted, read } = noting(store);
          const states = await loadStates(noted, evolution, ids, pageEvents);
          expect([...states.keys()].sort()).toEqual(ids.toSorted());
          expect(read.most).toBeLessThanOrEqual(pageEvents);
          for (const [id, { state, version, head }] of states) {
            const length = lengths[id] ?? 0;
            expect({ state, version }).toEqual({
              state: (length * (length + 1)) / 2,
              version: length,
            });
            expect(head?.version ?? 0).toBe(length);
          }
        },
      ),
    );
  });

  it('are read from their snapshot on', async () => {
    const store = await openStore({ a: 50, b: 3 });
    await snapshotAt(store, 'a', 48, '1000');
    const { store: noted, read } = noting(store);
    const states = await loadStates(noted, evolution, ['a', 'b']);
    expect(states.get('a')).toMatchObject({ state: 1099, version: 50, snapshotVersion: 48 });
    expect(read.events).toBe(2 + 3);
  });

  it('are read whole if the snapshot is that of another form of the state, or cannot be read', async () => {
    const store = await openStore({ a: 4 });
    await snapshotAt(store, 'a', 3, '1000');
    const newer = { ...evolution, stateCodec: { ...stateCodec, schemaVersion: 2 } };
    expect((await loadStates(store, newer, ['a'])).get('a')).toMatchObject({ state: 10 });
    await snapshotAt(store, 'a', 3, 'a thousand');
    expect((await loadStates(store, evolution, ['a'])).get('a')).toMatchObject({ state: 10 });
  });
});

describe('A consumer', () => {
  it('writes snapshots of streams that have grown long, each time anew by as much', async () => {
    const store = await openStore({ long: 250, short: 20 });
    const cache = createStateCache<number>(10_000);
    const writer = createSnapshotWriter({ store, evolution, cache, logger: silentLogger });
    const decide = async (count: number) => {
      const batch = new BatchStates<number, TallyEvent>(store, evolution, cache);
      await batch.prefetch(['long', 'short']);
      const events = Array.from({ length: count }, () => counted('long', 1));
      const [start] = batch.applyAll([{ streamId: 'long', events }]);
      batch.publish(
        await store.commit([{ streams: [append('long', start?.version ?? 0, ...events)] }]),
      );
      await writer.write();
      return (await store.readSnapshots(['long', 'short'], 1)).get('long')?.version;
    };
    expect(await decide(1)).toBe(251);
    expect(await decide(99)).toBe(251);
    expect(await decide(1)).toBe(351);
    expect((await loadStates(store, evolution, ['long'])).get('long')).toMatchObject({
      version: 351,
      snapshotVersion: 351,
    });
    expect(await store.readSnapshots(['short'], 1)).toEqual(new Map());
  });

  it('goes on when a snapshot cannot be written', async () => {
    const cache = createStateCache<number>(10_000);
    const head = { version: 500, hash: '', incarnation: 1 };
    cache.set('a', { state: 1, version: 500, head, snapshotVersion: 0 });
    const store = { writeSnapshots: () => Promise.reject(new Error('the database is away')) };
    const writer = createSnapshotWriter({ store, evolution, cache, logger: silentLogger });
    await expect(writer.write()).resolves.toBeUndefined();
    expect(cache.takeDue()).toEqual(new Map());
  });
});

describe('The cache', () => {
  it('holds as many bytes as it may, and drops what was not used for the longest time', () => {
    const cache = createStateCache<string>(5_000, (state) => state.length);
    const entry = (bytes: number) => ({ state: 'x'.repeat(bytes), version: 1, snapshotVersion: 0 });
    cache.set('a', entry(1_000));
    cache.set('b', entry(1_000));
    cache.set('c', entry(1_000));
    cache.get('a');
    cache.set('a', entry(1_100));
    cache.set('d', entry(1_000));
    const kept = () => ['a', 'b', 'c', 'd', 'huge'].filter((id) => cache.get(id) !== undefined);
    expect(kept()).toEqual(['a', 'c', 'd']);
    cache.set('huge', entry(6_000));
    expect(kept()).toEqual([]);
  });
});
