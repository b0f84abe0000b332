// The group commit over the store in memory: who goes together, who fails, and that nobody fails for another.
import { createAppendQueue } from '../../src/eventstore/appendQueue.ts';
import type { Unit } from '../../src/eventstore/eventStore.ts';
import { AppError } from '../../src/runtime/appError.ts';
import { counted, opened, type TallyEvent } from '../../src/testing/tallyDomain.ts';
import { openNotingStore, streamsOf, unit } from './notingStore.ts';

describe('The append queue', () => {
  it('commits what comes in one turn of the event loop together, and then all that came meanwhile', async () => {
    const { store, batches } = openNotingStore();
    const firstIsUnderWay = Promise.withResolvers<undefined>();
    const firstMayEnd = Promise.withResolvers<undefined>();
    const queue = createAppendQueue<TallyEvent>({
      ...store,
      async commit(units) {
        firstIsUnderWay.resolve(undefined);
        await firstMayEnd.promise;
        return store.commit(units);
      },
    });
    const sizes = [1, 2, 0, 3, 1];
    const append = (size: number, index: number) =>
      queue.append(unit(`s-${index}`, 0, ...Array.from({ length: size }, () => counted('x'))));
    const early = sizes.slice(0, 2).map(append);
    await firstIsUnderWay.promise;
    const late = sizes.slice(2).map((size, index) => append(size, index + 2));
    firstMayEnd.resolve(undefined);
    const results = await Promise.all([...early, ...late]);
    expect(batches.map(streamsOf)).toEqual([
      ['s-0', 's-1'],
      ['s-2', 's-3', 's-4'],
    ]);
    expect(results.map((events) => events.map((event) => event.streamId))).toEqual(
      sizes.map((size, index) => Array<string>(size).fill(`s-${index}`)),
    );
  });

  it('never puts two units of one stream into one batch', async () => {
    const { store, batches } = openNotingStore();
    const queue = createAppendQueue(store);
    const results = await Promise.allSettled(
      ['x', 'a', 'a', 'b'].map((id) => queue.append(unit(id, 0, counted(id)))),
    );
    expect(batches.map(streamsOf)).toEqual([['x', 'a', 'b'], ['a']]);
    expect(results.map(({ status }) => status)).toEqual([
      'fulfilled',
      'fulfilled',
      'rejected',
      'fulfilled',
    ]);
  });

  it('commits at most so many events at once, but a larger unit alone', async () => {
    const { store, batches } = openNotingStore();
    const queue = createAppendQueue(store, { maxBatchEvents: 3 });
    const events = (count: number) => Array.from({ length: count }, () => counted('x'));
    const sizes = [1, 2, 2, 5, 1];
    await Promise.all(sizes.map((size, i) => queue.append(unit(`s-${i}`, 0, ...events(size)))));
    expect(batches.map(streamsOf)).toEqual([['s-0', 's-1'], ['s-2', 's-4'], ['s-3']]);
  });

  it('fails the loser of a race alone, and writes the rest of its batch', async () => {
    const { store } = openNotingStore();
    await store.commit([unit('a', 0, counted('a'))]);
    const queue = createAppendQueue(store);
    const results = await Promise.allSettled(
      ['x', 'b', 'a', 'c'].map((id) => queue.append(unit(id, 0, counted(id)))),
    );
    expect(results.map(({ status }) => status)).toEqual([
      'fulfilled',
      'fulfilled',
      'rejected',
      'fulfilled',
    ]);
    expect(results[2]).toMatchObject({ reason: { kind: 'version', subject: 'a' } });
  });

  it('fails the one that breaks a unique constraint alone', async () => {
    const { store } = openNotingStore();
    const queue = createAppendQueue(store);
    const withSecret = (id: number, secret: string): Unit<TallyEvent> => ({
      ...unit(`s-${id}`, 0, counted('x')),
      inserts: [{ table: 'secrets', row: { id, secret } }],
    });
    const results = await Promise.allSettled([
      queue.append(unit('first', 0, counted('x'))),
      ...[withSecret(1, 'p'), withSecret(2, 'p'), withSecret(3, 'q')].map(queue.append),
    ]);
    expect(results.map(({ status }) => status)).toEqual([
      'fulfilled',
      'fulfilled',
      'rejected',
      'fulfilled',
    ]);
    expect(results[2]).toMatchObject({ reason: { kind: 'unique' } });
    expect(store.rows('secrets')).toHaveLength(2);
  });

  it.each([
    ['has an event that is too large', opened('bad', 'x'.repeat(65_536)), 'at most 65536'],
    ['a fold throws on', opened('bad', 'unfoldable'), 'cannot fold this'],
  ])('fails a unit that %s alone, and writes the rest of its batch', async (_case, event, why) => {
    const { store } = openNotingStore([
      {
        name: 'picky',
        tables: [],
        rowsOf: () => [],
        apply({ type, data }) {
          if (type === 'TallyOpened' && data.name === 'unfoldable')
            throw new Error('cannot fold this');
        },
      },
    ]);
    const queue = createAppendQueue(store);
    const results = await Promise.allSettled([
      ...['x', 'a', 'b'].map((id) => queue.append(unit(id, 0, counted(id)))),
      queue.append(unit('bad', 0, event)),
      queue.append(unit('c', 0, counted('c'))),
    ]);
    const lost = results.filter((result) => result.status === 'rejected');
    expect(lost).toEqual([results[3]]);
    expect(String(lost[0]?.reason)).toContain(why);
  });

  it('tries nothing again when it is not known whether the batch was committed', async () => {
    const { store, batches } = openNotingStore();
    const unknown = new AppError('commit_unknown', 'who knows', { retryable: false });
    const queue = createAppendQueue<TallyEvent>({
      ...store,
      async commit(units) {
        await store.commit(units);
        throw unknown;
      },
    });
    const results = await Promise.allSettled(
      ['x', 'a', 'b'].map((id) => queue.append(unit(id, 0, counted(id)))),
    );
    expect(results).toMatchObject(results.map(() => ({ status: 'rejected', reason: unknown })));
    expect(batches.map(streamsOf)).toEqual([['x', 'a', 'b']]);
  });

  it('refuses more than may wait, and takes more when they are through', async () => {
    const { store } = openNotingStore();
    const queue = createAppendQueue(store, { maxWaitingUnits: 2 });
    const all = ['a', 'b', 'c'].map((id) => queue.append(unit(id, 0, counted(id))));
    await expect(all[2]).rejects.toMatchObject({ code: 'append_queue_full', retryable: true });
    await Promise.all(all.slice(0, 2));
    await expect(queue.append(unit('d', 0, counted('d')))).resolves.toHaveLength(1);
  });

  it('fails all of a batch with the error of a database that is away, and goes on after it', async () => {
    const { store } = openNotingStore();
    const down = new AppError('database_unavailable', 'away', { retryable: true });
    let isDown = true;
    const queue = createAppendQueue<TallyEvent>({
      ...store,
      commit: (units) => (isDown ? Promise.reject(down) : store.commit(units)),
    });
    const results = await Promise.allSettled(
      ['a', 'b', 'c'].map((id) => queue.append(unit(id, 0, counted(id)))),
    );
    expect(results.map((result) => result.status === 'rejected' && result.reason === down)).toEqual(
      [true, true, true],
    );
    isDown = false;
    await expect(queue.append(unit('a', 0, counted('a')))).resolves.toHaveLength(1);
  });

  it('is drained when nothing waits and nothing is under way', async () => {
    const { store } = openNotingStore();
    const queue = createAppendQueue(store, { maxBatchEvents: 1 });
    await queue.drain();
    for (const id of ['a', 'b', 'c']) void queue.append(unit(id, 0, counted(id)));
    await queue.drain();
    expect((await store.head()).position).toBe(3);
  });
});
