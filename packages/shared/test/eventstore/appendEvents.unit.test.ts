// What an error of the packet that carries the events means, by how their place was found.
import { appendEvents } from '../../src/eventstore/appendEvents.ts';
import { HeadMovedError } from '../../src/eventstore/logHead.ts';
import { placeEvents, prepareAppends } from '../../src/eventstore/placing.ts';
import type { Later, Transaction } from '../../src/runtime/transaction.ts';
import { append, counted, tallyCodec } from '../../src/testing/tallyDomain.ts';

/** What the error means to the statements of one append. */
function meaningOf(error: unknown, fence: number | undefined): unknown {
  const place = { incarnation: 1, firstPosition: 1, fence };
  const units = [{ streams: [append('a', 0, counted('a'))] }];
  const placed = placeEvents(prepareAppends(units, tallyCodec), new Map(), place);
  let meant = error;
  const later = (_sql: string, _values: unknown[], then?: Later) => {
    meant = then?.meaning?.(error) ?? meant;
  };
  appendEvents({ later } as unknown as Transaction, placed, place);
  return meant;
}

const nullRefused = { code: 'ER_BAD_NULL_ERROR', errno: 1048 };
const taken = {
  code: 'ER_DUP_ENTRY',
  errno: 1062,
  sqlMessage: "Duplicate entry '1' for key 'PRIMARY'",
};

it('A refused NULL is a moved head only where the place was foreseen', () => {
  expect(meaningOf(nullRefused, 0)).toBeInstanceOf(HeadMovedError);
  expect(meaningOf(nullRefused, undefined)).toBe(nullRefused);
});

it('A taken primary key is surely a position only where the place was waited for', () => {
  expect(meaningOf(taken, 0)).toMatchObject({ name: 'ConflictError', kind: 'row' });
  expect(meaningOf(taken, undefined)).toMatchObject({ code: 'log_head_behind' });
});
