// Consumers and requests in one commit: they go together, and neither fails for the other.
import { START } from '../../src/messaging/chain.ts';
import { createAppendQueue } from '../../src/eventstore/appendQueue.ts';
import { AppError } from '../../src/runtime/appError.ts';
import { counted, type TallyEvent } from '../../src/testing/tallyDomain.ts';
import { openNotingStore, streamsOf, unit } from './notingStore.ts';

const reached = { incarnation: 1, position: 1, part: 0 };
const to = { topic: 'news.v1', partition: 0, place: reached, nextOffset: '1' };
const cursors = [{ consumer: 'reader', from: START, fromOffset: '0', to }];

describe('The append queue', () => {
  it('commits for a consumer and for the requests that wait at once', async () => {
    const { store, batches } = openNotingStore();
    const queue = createAppendQueue(store);
    const first = queue.append(unit('request-1', 0, counted('x')));
    await first;
    const requests = ['request-2', 'request-3'].map((id) =>
      queue.append(unit(id, 0, counted('x'))),
    );
    const consumer = queue.commitAhead([
      unit('consumer-1', 0, counted('x'), counted('y')),
      unit('consumer-2', 0, counted('x')),
    ]);
    const recorded = await Promise.all([consumer, ...requests]);
    expect(batches.map(streamsOf)).toEqual([
      ['request-1'],
      ['consumer-1', 'consumer-2', 'request-2', 'request-3'],
    ]);
    expect(recorded.map((events) => events.map(({ streamId }) => streamId))).toEqual([
      ['consumer-1', 'consumer-1', 'consumer-2'],
      ['request-2'],
      ['request-3'],
    ]);
  });

  it('never puts a request into a commit in which a consumer writes the same stream', async () => {
    const { store, batches } = openNotingStore();
    const queue = createAppendQueue(store);
    const [same, other, consumer] = await Promise.allSettled([
      queue.append(unit('a', 0, counted('x'))),
      queue.append(unit('b', 0, counted('x'))),
      queue.commitAhead([unit('a', 0, counted('x'))]),
    ]);
    expect(batches.map(streamsOf)).toEqual([['a', 'b'], ['a']]);
    expect([other.status, consumer.status]).toEqual(['fulfilled', 'fulfilled']);
    expect(same).toMatchObject({ reason: { kind: 'version', subject: 'a' } });
  });

  it('commits a consumer with the rest of the requests when one of them loses', async () => {
    const { store, batches } = openNotingStore();
    await store.commit([unit('taken', 0, counted('x'))]);
    const queue = createAppendQueue(store);
    const [loser, winner, consumer] = await Promise.allSettled([
      queue.append(unit('taken', 0, counted('x'))),
      queue.append(unit('request', 0, counted('x'))),
      queue.commitAhead([unit('consumer', 0, counted('x'))]),
    ]);
    expect(loser).toMatchObject({ reason: { kind: 'version', subject: 'taken' } });
    expect([winner.status, consumer.status]).toEqual(['fulfilled', 'fulfilled']);
    expect(batches.slice(1).map(streamsOf)).toEqual([
      ['consumer', 'taken', 'request'],
      ['consumer', 'request'],
    ]);
  });

  it('tells a consumer and a request that both have lost', async () => {
    const { store, batches } = openNotingStore();
    await store.commit([unit('taken', 0, counted('x')), unit('moved', 0, counted('x'))]);
    const queue = createAppendQueue(store);
    const [loser, winner, consumer] = await Promise.allSettled([
      queue.append(unit('taken', 0, counted('x'))),
      queue.append(unit('request', 0, counted('x'))),
      queue.commitAhead([unit('moved', 0, counted('x'))]),
    ]);
    expect(loser).toMatchObject({ reason: { kind: 'version', subject: 'taken' } });
    expect(consumer).toMatchObject({ reason: { kind: 'version', subject: 'moved' } });
    expect(winner.status).toBe('fulfilled');
    expect(batches.slice(1).map(streamsOf)).toEqual([
      ['moved', 'taken', 'request'],
      ['moved', 'request'],
      ['moved'],
      ['request'],
    ]);
  });

  it('does not hold up requests for a lock that only a consumer needs', async () => {
    const { store, batches } = openNotingStore();
    await store.readCursors('reader', 'news.v1', [0]);
    const busy = new AppError('database_busy', 'the cursor is locked', { retryable: true });
    let waits: PromiseWithResolvers<undefined>[] = [];
    let isLocked = true;
    const queue = createAppendQueue<TallyEvent>({
      ...store,
      async commit(units) {
        // Together with requests it finds the lock taken at once; by itself it waits until the test lets it.
        if (isLocked && units.some(({ cursors }) => cursors !== undefined)) {
          batches.push([...units]);
          if (units.length > 1) throw busy;
          const wait = Promise.withResolvers<undefined>();
          waits.push(wait);
          await wait.promise;
        }
        return store.commit(units);
      },
    });
    const consume = () => queue.commitAhead([{ ...unit('consumer', 0, counted('x')), cursors }]);
    for (const request of ['request-1', 'request-2']) {
      const consumer = consume();
      await queue.append(unit(request, 0, counted('x')));
      expect(waits).toHaveLength(1);
      waits.forEach(({ reject }) => {
        reject(busy);
      });
      waits = [];
      await expect(consumer).rejects.toBe(busy);
    }
    isLocked = false;
    await consume();
    await queue.drain();
    expect(batches.map(streamsOf)).toEqual([
      // Only the first time they met.
      ['consumer', 'request-1'],
      ['consumer'],
      ['request-1'],
      ['consumer'],
      ['request-2'],
      ['consumer'],
    ]);
  });

  it('commits requests with a consumer again once that has got its lock', async () => {
    const { store, batches } = openNotingStore();
    await store.readCursors('reader', 'news.v1', [0]);
    const busy = new AppError('database_busy', 'the cursor is locked', { retryable: true });
    let isLocked = true;
    const queue = createAppendQueue<TallyEvent>({
      ...store,
      commit: (units) => (isLocked ? Promise.reject(busy) : store.commit(units)),
    });
    const moved = { ...unit('consumer', 0, counted('x')), cursors };
    await expect(queue.commitAhead([moved])).rejects.toBe(busy);
    isLocked = false;
    await queue.commitAhead([moved]);
    const next = { consumer: 'reader', from: reached, fromOffset: '1' };
    await Promise.all([
      queue.commitAhead([
        {
          ...unit('consumer', 1, counted('x')),
          cursors: [{ ...next, to: { ...to, nextOffset: '2' } }],
        },
      ]),
      queue.append(unit('request', 0, counted('x'))),
    ]);
    expect(batches.map(streamsOf)).toEqual([['consumer'], ['consumer', 'request']]);
  });

  it('tries nothing again when it is not known whether a consumer and requests were committed', async () => {
    const { store, batches } = openNotingStore();
    const unknown = new AppError('commit_unknown', 'who knows', { retryable: true });
    const queue = createAppendQueue<TallyEvent>({
      ...store,
      async commit(units) {
        await store.commit(units);
        throw unknown;
      },
    });
    const results = await Promise.allSettled([
      queue.append(unit('request', 0, counted('x'))),
      queue.commitAhead([unit('consumer', 0, counted('x'))]),
    ]);
    expect(results).toMatchObject(results.map(() => ({ status: 'rejected', reason: unknown })));
    expect(batches.map(streamsOf)).toEqual([['consumer', 'request']]);
  });

  it('fails a consumer whose commit is lost, and no request with it', async () => {
    const { store } = openNotingStore();
    await store.commit([unit('a', 0, counted('a'))]);
    const queue = createAppendQueue(store);
    const [request, consumer] = await Promise.allSettled([
      queue.append(unit('request', 0, counted('x'))),
      queue.commitAhead([unit('a', 0, counted('a')), unit('b', 0, counted('b'))]),
    ]);
    expect(request.status).toBe('fulfilled');
    expect(consumer).toMatchObject({ reason: { kind: 'version', subject: 'a' } });
    expect((await store.readVersions(['b'])).size).toBe(0);
  });

  it('lets a consumer whose turn does not come commit beside what holds it up, once', async () => {
    const { store, batches } = openNotingStore();
    const requestMayEnd = Promise.withResolvers<undefined>();
    const requestIsUnderWay = Promise.withResolvers<undefined>();
    const queue = createAppendQueue<TallyEvent>(
      {
        ...store,
        async commit(units) {
          if (streamsOf(units).includes('request')) {
            requestIsUnderWay.resolve(undefined);
            await requestMayEnd.promise;
          }
          return store.commit(units);
        },
      },
      { aheadWaitMs: 1 },
    );
    const request = queue.append(unit('request', 0, counted('x')));
    await requestIsUnderWay.promise;
    await queue.commitAhead([unit('consumer', 0, counted('x'))]);
    expect(batches.map(streamsOf)).toEqual([['consumer']]);
    requestMayEnd.resolve(undefined);
    await request;
    await queue.drain();
    expect(batches.map(streamsOf)).toEqual([['consumer'], ['request']]);
  });
});
