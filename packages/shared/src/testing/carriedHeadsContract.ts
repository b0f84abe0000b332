// The part of the store's contract that concerns heads which callers carry: they save a read, and never a check.
import { GENESIS_HASH } from '../eventstore/hashChain.ts';
import type { EventStore, RecordedEvent, StreamHead } from '../eventstore/eventStore.ts';
import { conflictOf, type StoreUnderTest } from './storeUnderTest.ts';
import { append, counted, opened, type TallyEvent, type TallySeen } from './tallyDomain.ts';

/** Declares the cases, inside a `describe`. */
export function carriedHeadsContract(open: () => Promise<StoreUnderTest>): void {
  let store: EventStore<TallyEvent, TallySeen>;
  let first: RecordedEvent<TallyEvent>;
  const commit = (expectedVersion: number, head: StreamHead, ...events: TallyEvent[]) =>
    store.commit([{ streams: [{ ...append('a', expectedVersion, ...events), head }] }]);
  const chainOf = async (): Promise<readonly string[]> =>
    ((await store.readStreams(['a'])).get('a') ?? []).map(({ hash }) => hash);

  beforeEach(async () => {
    ({ store } = await open());
    const [begun] = await store.commit([{ streams: [append('a', 0, opened('a'))] }]);
    if (begun === undefined) throw new Error('nothing was recorded');
    first = begun;
  });

  it('give the same chain as appends that carry none', async () => {
    const [second] = await commit(1, first, counted('a'));
    if (second === undefined) throw new Error('nothing was recorded');
    await commit(2, second, counted('a'), counted('a'));
    const carried = await chainOf();
    ({ store } = await open());
    for (const [version, event] of [
      opened('a'),
      counted('a'),
      counted('a'),
      counted('a'),
    ].entries())
      await store.commit([{ streams: [append('a', version, event)] }]);
    expect(carried).toEqual(await chainOf());
  });

  it('let one of two writers with the same head win, and tell the other', async () => {
    const outcomes = await Promise.allSettled([
      commit(1, first, counted('a', 10)),
      commit(1, first, counted('a', 20)),
    ]);
    expect(outcomes.map((outcome) => outcome.status).sort()).toEqual(['fulfilled', 'rejected']);
    expect(await chainOf()).toHaveLength(2);
    expect(await conflictOf(commit(1, first, counted('a')))).toEqual({
      kind: 'version',
      subject: 'a',
    });
  });

  it('are followed by other appends to the stream in the same commit', async () => {
    await store.commit([
      { streams: [{ ...append('a', 1, counted('a')), head: first }, append('a', 2, counted('a'))] },
    ]);
    expect(await chainOf()).toHaveLength(3);
  });

  it('cannot make a hole with the head of another version', async () => {
    expect(await conflictOf(commit(2, first, counted('a')))).toMatchObject({ kind: 'version' });
    expect(await chainOf()).toHaveLength(1);
  });

  it('are read again if the log has another incarnation since', async () => {
    const forgotten = { version: 1, hash: GENESIS_HASH, incarnation: 0 };
    const [second] = await commit(1, forgotten, counted('a'));
    const lost = { version: 2, hash: GENESIS_HASH, incarnation: 0 };
    await commit(2, lost, counted('a'));
    const carried = await chainOf();
    expect(carried[1]).toBe(second?.hash);
    ({ store } = await open());
    for (const [version, event] of [opened('a'), counted('a'), counted('a')].entries())
      await store.commit([{ streams: [append('a', version, event)] }]);
    expect(carried).toEqual(await chainOf());
  });

  it('are still read where the stream is only asserted', async () => {
    await commit(1, first, counted('a'));
    expect(await conflictOf(commit(1, first))).toEqual({ kind: 'version', subject: 'a' });
  });
}
