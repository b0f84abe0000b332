// The store in memory keeps the contract of the one in MySQL.
import { createMemoryEventStore } from '../../src/eventstore/memoryEventStore.ts';
import { eventStoreContract } from '../../src/testing/eventStoreContract.ts';
import {
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
