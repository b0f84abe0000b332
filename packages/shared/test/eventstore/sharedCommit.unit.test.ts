// Consumers and requests in one commit: they go together, and neither fails for the other.
import { createAppendQueue } from '../../src/eventstore/appendQueue.ts';
import { AppError } from '../../src/runtime/appError.ts';
import { counted, type TallyEvent } from '../../src/testing/tallyDomain.ts';
import { openNotingStore, streamsOf, unit } from './notingStore.ts';

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

  it('writes what a consumer decided though a request that came with it loses', async () => {
    const { store } = openNotingStore();
    await store.commit([unit('taken', 0, counted('x'))]);
    const queue = createAppendQueue(store);
    const [loser, winner, consumer] = await Promise.allSettled([
      queue.append(unit('taken', 0, counted('x'))),
      queue.append(unit('request', 0, counted('x'))),
      queue.commitAhead([unit('consumer', 0, counted('x'))]),
    ]);
    expect(loser).toMatchObject({ reason: { kind: 'version', subject: 'taken' } });
    expect([winner.status, consumer.status]).toEqual(['fulfilled', 'fulfilled']);
    expect((await store.readVersions(['consumer', 'request'])).size).toBe(2);
  });

  it('does not hold up requests for a lock that only a consumer needs', async () => {
    const { store } = openNotingStore();
    const busy = new AppError('database_busy', 'the cursor is locked', { retryable: true });
    const queue = createAppendQueue<TallyEvent>({
      ...store,
      commit: (units) =>
        streamsOf(units).includes('consumer') ? Promise.reject(busy) : store.commit(units),
    });
    const [request, consumer] = await Promise.allSettled([
      queue.append(unit('request', 0, counted('x'))),
      queue.commitAhead([unit('consumer', 0, counted('x'))]),
    ]);
    expect(request.status).toBe('fulfilled');
    expect(consumer).toMatchObject({ reason: busy });
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
