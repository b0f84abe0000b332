// The order in which rows beside the events are inserted: the same for all, or two transactions wait for each other.
import type { RowInsert } from '../../src/eventstore/eventStore.ts';
import { insertRowsBeside } from '../../src/eventstore/readModelRows.ts';
import type { Transaction } from '../../src/runtime/transaction.ts';

/** The values that a database is asked to insert, in order. */
function insertedFor(inserts: readonly RowInsert[]): unknown[] {
  const asked: unknown[] = [];
  const later = (_sql: string, [table, , [row]]: [string, string[], unknown[][]]) => {
    asked.push([table, ...(row ?? [])]);
  };
  insertRowsBeside({ later } as unknown as Transaction, inserts);
  return asked;
}

it('Rows beside the events are inserted by table and unique value, however they come', () => {
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
  expect(insertedFor([c, a, note, b])).toEqual(inOrder);
  expect(insertedFor([b, note, a, c])).toEqual(inOrder);
});
