// What a batch knows of its streams: their states, and the heads that its appends carry.
import { createMemoryEventStore } from '../../src/eventstore/memoryEventStore.ts';
import {
  BatchStates,
  createFedCache,
  createStateCache,
  type StateCache,
} from '../../src/messaging/stateCache.ts';
import {
  append,
  counted,
  opened,
  tallyCodec,
  type TallyEvent,
} from '../../src/testing/tallyDomain.ts';

const evolution = {
  initialState: 0,
  evolve: (total: number, event: TallyEvent) =>
    event.type === 'Counted' ? total + event.data.amount : total,
};

async function openStore() {
  const store = createMemoryEventStore<TallyEvent>({ codec: tallyCodec, projections: [] });
  const recorded = await store.commit([{ streams: [append('a', 0, opened('a'), counted('a'))] }]);
  return { store, head: headOf(recorded.at(-1)) };
}

function headOf(event: { version: number; hash: string; incarnation: number } | undefined) {
  if (event === undefined) throw new Error('nothing was recorded');
  const { version, hash, incarnation } = event;
  return { version, hash, incarnation };
}

const batchOn = (
  store: Awaited<ReturnType<typeof openStore>>['store'],
  cache: StateCache<number>,
) => new BatchStates<number, TallyEvent>(store, evolution, cache);

describe('A batch', () => {
  it('carries the heads of the streams that it has read', async () => {
    const { store, head } = await openStore();
    const batch = batchOn(store, createStateCache(10_000));
    await batch.prefetch(['a', 'new']);
    const starts = batch.applyAll([
      { streamId: 'a', events: [counted('a')] },
      { streamId: 'new', events: [opened('new')] },
    ]);
    expect(starts).toMatchObject([{ version: 2, head }, { version: 0 }]);
    expect(starts[1]?.head).toBeUndefined();
  });

  it('knows no head for what it has put on top itself', async () => {
    const { store } = await openStore();
    const batch = batchOn(store, createStateCache(10_000));
    await batch.prefetch(['a']);
    batch.applyAll([{ streamId: 'a', events: [counted('a')] }]);
    const [start] = batch.applyAll([{ streamId: 'a', events: [counted('a')] }]);
    expect(start).toEqual({ state: 2, version: 3, snapshotVersion: 0 });
  });

  it('leaves the heads of its commit to the next batch, which then reads nothing', async () => {
    const { store } = await openStore();
    const cache = createStateCache<number>(10_000);
    const batch = batchOn(store, cache);
    await batch.prefetch(['a']);
    batch.applyAll([{ streamId: 'a', events: [counted('a')] }]);
    const recorded = await store.commit([{ streams: [append('a', 2, counted('a'))] }]);
    batch.publish(recorded);
    const refuse = () => Promise.reject(new Error('a stream was read'));
    const unread = { readStreams: refuse, readSnapshots: refuse };
    const next = new BatchStates<number, TallyEvent>(unread, evolution, cache);
    await next.prefetch(['a']);
    const [start] = next.applyAll([{ streamId: 'a', events: [] }]);
    expect(start).toMatchObject({ state: 2, version: 3, head: headOf(recorded[0]) });
  });
});

describe('A cache that hears of commits', () => {
  function openFedCache() {
    const store = createMemoryEventStore<TallyEvent>({ codec: tallyCodec, projections: [] });
    return { store, cache: createFedCache(store, evolution) };
  }

  it('knows a stream that this process has begun, as the log has it', async () => {
    const { store, cache } = openFedCache();
    await store.commit([{ streams: [append('a', 0, opened('a'), counted('a'))] }]);
    const recorded = await store.commit([{ streams: [append('a', 2, counted('a'))] }]);
    expect(cache.get('a')).toMatchObject({ state: 2, version: 3, head: headOf(recorded[0]) });
  });

  it('has a snapshot due after as many events as are said', async () => {
    const { store } = openFedCache();
    const kept = { schemaVersion: 1, serialize: String, parse: Number, bytesOf: () => 8 };
    const stateCodec = { ...kept, snapshotEvents: 3 };
    const cache = createFedCache(store, { ...evolution, stateCodec });
    await store.commit([{ streams: [append('a', 0, opened('a'), counted('a'))] }]);
    expect(cache.takeDue()).toEqual(new Map());
    await store.commit([{ streams: [append('a', 2, counted('a'))] }]);
    expect([...cache.takeDue().keys()]).toEqual(['a']);
  });

  it('takes nothing that does not follow what it knows', async () => {
    const { store, cache } = openFedCache();
    await store.commit([{ streams: [append('a', 0, opened('a'), counted('a'))] }]);
    cache.clear();
    await store.commit([{ streams: [append('a', 2, counted('a'))] }]);
    expect(cache.get('a')).toBeUndefined();
  });
});
