// The store in memory keeps the contract of the one in MySQL.
import { createMemoryEventStore } from '../../src/eventstore/memoryEventStore.ts';
import { eventStoreContract } from '../../src/testing/eventStoreContract.ts';
import {
  append,
  counted,
  secretsTable,
  talliesProjection,
  tallyCodec,
  uniqueKeys,
} from '../../src/testing/tallyDomain.ts';

eventStoreContract('memory', () => {
  const store = createMemoryEventStore({
    codec: tallyCodec,
    projections: [talliesProjection],
    tables: [secretsTable],
    uniqueKeys,
  });
  return Promise.resolve({
    store,
    rows: (table) => Promise.resolve(store.rows(table)),
    wish(...of) {
      store.wish(...of);
      return Promise.resolve();
    },
  });
});

it('The store in memory looks for a row that an event makes only when it was met, as the one in MySQL does', async () => {
  const seen: unknown[] = [];
  const store = createMemoryEventStore({
    codec: tallyCodec,
    projections: [
      {
        ...talliesProjection,
        rowsOf: (event) => talliesProjection.rowsOf(event).map((row) => ({ ...row, isNew: true })),
        apply(event, rows) {
          seen.push(rows.get('tallies', event.data.tally)?.total);
          talliesProjection.apply(event, rows);
        },
      },
    ],
  });
  await store.commit([{ streams: [append('a', 0, counted('x'))] }]);
  await store.commit([{ streams: [append('b', 0, counted('x'))] }]);
  expect(seen).toEqual([undefined, undefined, 1]);
  expect(store.rows('tallies')).toMatchObject([{ tally: 'x', total: 2 }]);
});
