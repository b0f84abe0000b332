// Compares the books at rest with the stock there was and with what clients were told.
import type { Books, ProductBook } from '../contenders/contender.ts';
import type { Counts } from '../load/tally.ts';

const FAULTS_TOLD = 5;
/** Answers that decide an order; after any other one its outcome is unknown to the client. */
const DECIDED = ['200', '400', '409'];

/** What the books are compared with. */
export interface Expected {
  /** Of each product. */
  readonly stock: number;
  /** Answers to all orders for these products, by status. */
  readonly orderAnswers: Counts;
}

/** Every fault in words, the first few where there are many; empty: the books are right. */
export function findBookFaults(books: Books, { stock, orderAnswers }: Expected): string[] {
  const faults = [...books.faults];
  for (const [id, book] of books.products) faults.push(...faultsOf(id, book, stock));
  const confirmed = [...books.products.values()].reduce((sum, book) => sum + book.confirmed, 0);
  const told = orderAnswers['200'] ?? 0;
  const unknown = Object.entries(orderAnswers)
    .filter(([status]) => !DECIDED.includes(status))
    .reduce((sum, [, count]) => sum + count, 0);
  if (confirmed < told) faults.push(`${told} orders were answered 200, ${confirmed} are confirmed`);
  if (confirmed > told + unknown)
    faults.push(`${confirmed} are confirmed, ${told} were answered 200, ${unknown} unknown`);
  const isRefused = (orderAnswers['409'] ?? 0) > 0;
  const left = [...books.products.values()].reduce((sum, book) => sum + book.available, 0);
  if (isRefused && left > 0) faults.push(`Orders were refused, and ${left} pieces are left`);
  if (faults.length <= FAULTS_TOLD) return faults;
  return [...faults.slice(0, FAULTS_TOLD), `and ${faults.length - FAULTS_TOLD} more`];
}

function faultsOf(id: number, book: ProductBook, stock: number): string[] {
  const { available, confirmed, inCarts } = book;
  const faults: string[] = [];
  if (available < 0) faults.push(`product ${id}: ${available} available`);
  if (available + confirmed !== stock)
    faults.push(`product ${id}: ${available} left + ${confirmed} confirmed, stock ${stock}`);
  if (inCarts !== confirmed)
    faults.push(`product ${id}: ${inCarts} in carts, ${confirmed} confirmed`);
  return faults;
}
