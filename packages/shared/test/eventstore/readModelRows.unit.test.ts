// The order in which rows beside the events are inserted: the same for all, or two transactions wait for each other.
import type { RowInsert } from '../../src/eventstore/eventStore.ts';
import { insertRowsBeside } from '../../src/eventstore/readModelRows.ts';
import type { Queryable } from '../../src/runtime/database.ts';

/** The values that a database is asked to insert, in order. */
async function insertedFor(inserts: readonly RowInsert[]): Promise<unknown[]> {
  const asked: unknown[] = [];
  const query = (_sql: string, [table, , [row]]: [string, string[], unknown[][]]) => {
    asked.push([table, ...(row ?? [])]);
    return Promise.resolve([[], []]);
  };
  await insertRowsBeside({ query } as unknown as Queryable, inserts);
  return asked;
}

it('Rows beside the events are inserted by table and unique value, however they come', async () => {
  const secret = (id: number, text: string): RowInsert => ({
    table: 'secrets',
    row: { id, secret: text },
    uniqueColumn: 'secret',
  });
  const note: RowInsert = { table: 'notes', row: { id: 9 } };
  const inOrder = [
    ['notes', 9],
    ['secrets', 2, 'a'],
    ['secrets', 3, 'b'],
    ['secrets', 1, 'c'],
  ];
  const [c, a, b] = [secret(1, 'c'), secret(2, 'a'), secret(3, 'b')];
  expect(await insertedFor([c, a, note, b])).toEqual(inOrder);
  expect(await insertedFor([b, note, a, c])).toEqual(inOrder);
});
