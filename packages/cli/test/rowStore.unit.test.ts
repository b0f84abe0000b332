// The store that holds what a fold makes of a table: more rows than it keeps in memory, and each as it was put last.
import type { ReadModelTable } from '@orderflow/shared/eventstore/projection.ts';
import { RowStore } from '../src/verify/rowStore.ts';

const table: ReadModelTable = { name: 't', key: ['id'], columns: ['id', 'text', 'count'] };
const ROWS = 90_000;
const rowOf = (id: number, count: number) => ({
  id: `key-${id}`,
  text: 'ä'.repeat(id % 700),
  count,
});

describe('A store of rows', () => {
  it.each([
    ['an index in memory', undefined],
    ['an index that is a file, too', 1 << 13],
  ])('gives every row back as it was put last, with %s', (_, memorySlots) => {
    const store = new RowStore(table, memorySlots);
    for (let id = 0; id < ROWS; id += 1) store.put(rowOf(id, 1));
    // Rows that have left the memory are read, changed, and put again.
    for (let id = 0; id < ROWS; id += 7) {
      const row = store.get([`key-${id}`]);
      if (JSON.stringify(row) !== JSON.stringify(rowOf(id, 1))) throw new Error(`Row ${id}`);
      store.put(rowOf(id, 2));
    }
    expect(store.get(['nobody'])).toBeUndefined();
    store.seal();
    for (let id = 0; id < ROWS - 1; id += 1) {
      const { id: key, text, count } = rowOf(id, id % 7 === 0 ? 2 : 1);
      if (store.take([key]) !== JSON.stringify([key, text, count])) throw new Error(`Row ${id}`);
    }
    expect(store.take(['key-0'])).toBeUndefined();
    expect([...store.left()]).toEqual([rowOf(ROWS - 1, (ROWS - 1) % 7 === 0 ? 2 : 1)]);
    store.close();
  });
});
