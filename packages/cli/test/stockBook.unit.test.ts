// The sums by which promises P1 and P2 are checked: they must not believe what an event says of itself.
import type { DomainEvent } from '@orderflow/shared/eventstore/decider.ts';
import { bookAfter, EMPTY_BOOK, faultOf } from '../src/verify/stockBook.ts';

const at = '2026-01-01T00:00:00.000Z';
const event = (type: string, data: object): DomainEvent => ({ type, data: { at, ...data } });
const added = event('ProductAdded', { quantity: 5 });
const reserved = (quantity: number, availableQuantity: number, sold: boolean) =>
  event('StockReserved', { quantity, availableQuantity, sold });
const after = (...events: readonly DomainEvent[]) => events.reduce(bookAfter, EMPTY_BOOK);

describe('The book of a product', () => {
  it('adds up over reservations, sales and returns', () => {
    const book = after(
      added,
      reserved(2, 3, true),
      reserved(2, 1, false),
      event('StockReleased', { quantity: 2, availableQuantity: 3 }),
      reserved(1, 2, false),
      event('StockSold', { quantity: 1, availableQuantity: 2 }),
      event('StockRejected', { quantity: 9, availableQuantity: 2 }),
    );
    expect(book).toEqual({ added: 5, available: 2, held: 0, sold: 3 });
    expect(faultOf(book)).toBeUndefined();
  });

  it.each([
    ['an event that takes more than it says', after(added, reserved(2, 4, true)), 'P2'],
    ['more than there was', after(added, reserved(6, -1, true)), 'P1'],
    ['more sold than was added', after(added, reserved(6, 0, true)), 'P1'],
    [
      'a return of what was not held',
      after(added, event('StockReleased', { quantity: 1, availableQuantity: 6 })),
      'P1',
    ],
    [
      'a rejection that changes the stock',
      after(added, event('StockRejected', { quantity: 1, availableQuantity: 4 })),
      'P2',
    ],
  ])('does not add up with %s', (_case, book, promise) => {
    expect(faultOf(book)?.promise).toBe(promise);
  });
});
