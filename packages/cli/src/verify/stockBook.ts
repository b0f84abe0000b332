// The stock of one product added up by plain arithmetic, apart from the service's own rules: promises P1 and P2.
import { z } from 'zod';
import type { DomainEvent } from '@orderflow/shared/eventstore/decider.ts';

/** What a product's events add up to. */
export interface StockBook {
  readonly added: number;
  /** As the last event has it: the others are added up, and must fit to it. */
  readonly available: number;
  readonly held: number;
  readonly sold: number;
}

export const EMPTY_BOOK: StockBook = { added: 0, available: 0, held: 0, sold: 0 };

const data = z.object({
  quantity: z.number(),
  availableQuantity: z.number().optional(),
  sold: z.boolean().optional(),
});

/** The book after an event. */
export function bookAfter(book: StockBook, event: DomainEvent): StockBook {
  const { quantity, availableQuantity, sold } = data.parse(event.data);
  const available = availableQuantity ?? book.available + quantity;
  switch (event.type) {
    case 'ProductAdded':
    case 'ProductRestocked':
      return { ...book, added: book.added + quantity, available };
    case 'StockReserved':
      return sold === true
        ? { ...book, available, sold: book.sold + quantity }
        : { ...book, available, held: book.held + quantity };
    case 'StockReleased':
      return { ...book, available, held: book.held - quantity };
    case 'StockSold':
      return { ...book, available, held: book.held - quantity, sold: book.sold + quantity };
    default:
      // A rejection, and whatever changes no stock, must leave what is available as it was.
      return { ...book, available };
  }
}

/** What is wrong with a book, in words; undefined if nothing is. */
export function faultOf(
  book: StockBook,
): { readonly promise: 'P1' | 'P2'; readonly text: string } | undefined {
  const { added, available, held, sold } = book;
  const figures = `added ${added}, available ${available}, held ${held}, sold ${sold}`;
  if (available < 0 || held < 0 || held + sold > added) return { promise: 'P1', text: figures };
  if (added !== available + held + sold) return { promise: 'P2', text: figures };
  return undefined;
}
