// The part of the store's contract that concerns long streams: reading from the middle, and snapshots.
import { GENESIS_HASH } from '../eventstore/hashChain.ts';
import type { EventStore, Snapshot, StreamRange } from '../eventstore/eventStore.ts';
import type { StoreUnderTest } from './storeUnderTest.ts';
import { append, counted, opened, type TallyEvent, type TallySeen } from './tallyDomain.ts';

/** Declares the cases, inside a `describe`. */
export function snapshotsContract(open: () => Promise<StoreUnderTest>): void {
  let store: EventStore<TallyEvent, TallySeen>;
  let made: Snapshot;

  beforeEach(async () => {
    ({ store } = await open());
    const recorded = await store.commit([
      { streams: [append('b', 0, opened('b'), counted('b'), counted('b'))] },
      { streams: [append('a', 0, opened('a'), counted('a'))] },
    ]);
    const [, second] = recorded;
    if (second === undefined) throw new Error('nothing was recorded');
    const { version, hash, incarnation } = second;
    made = { version, hash, incarnation, state: '{"counted":"ä 🎟"}' };
  });

  async function readRange(range: StreamRange): Promise<readonly string[]> {
    const streams = await store.readStreams(['b', 'a', 'none'], range);
    return [...streams].flatMap(([id, events]) => events.map(({ version }) => `${id}${version}`));
  }

  it('read each stream from where it is asked for, and the others whole', async () => {
    expect(await readRange({ after: new Map([['b', 2]]) })).toEqual(['a1', 'a2', 'b3']);
    const all = new Map([
      ['a', 2],
      ['b', 1],
      ['none', 4],
    ]);
    expect(await readRange({ after: all })).toEqual(['b2', 'b3']);
  });

  it('read pages in the order of the ids', async () => {
    expect(await readRange({ limit: 3 })).toEqual(['a1', 'a2', 'b1']);
    expect(await readRange({ after: new Map([['a', 2]]), limit: 2 })).toEqual(['b1', 'b2']);
  });

  it('give a snapshot back as it was written', async () => {
    await store.writeSnapshots(new Map([['b', made]]), 3);
    expect(await store.readSnapshots(['a', 'b'], 3)).toEqual(new Map([['b', made]]));
    expect(await store.readSnapshots([], 3)).toEqual(new Map());
  });

  it('replace the snapshot of a stream', async () => {
    await store.writeSnapshots(new Map([['b', made]]), 3);
    const [first] = (await store.readStreams(['b'])).get('b') ?? [];
    if (first === undefined) throw new Error('the stream is empty');
    const { version, hash, incarnation } = first;
    const other = { version, hash, incarnation, state: 'other' };
    await store.writeSnapshots(new Map([['b', other]]), 4);
    expect(await store.readSnapshots(['b'], 4)).toEqual(new Map([['b', other]]));
    expect(await store.readSnapshots(['b'], 3)).toEqual(new Map());
  });

  it.each([
    ['of an event that the log does not have', { hash: GENESIS_HASH }],
    ['of a version that the stream has not reached', { version: 9 }],
  ])('pass over a snapshot %s', async (_case, wrong) => {
    await store.writeSnapshots(new Map([['b', { ...made, ...wrong }]]), 3);
    expect(await store.readSnapshots(['b'], 3)).toEqual(new Map());
  });
}
