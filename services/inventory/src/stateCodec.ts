// A product's state as it is kept in snapshots.
import { z } from 'zod';
import { orderIdSchema, productIdSchema, stockSchema } from '@orderflow/shared/contracts/ids.ts';
import type { StateCodec } from '@orderflow/shared/messaging/loadStates.ts';
import { lineKey, type ListedProduct, type ProductState } from './domain/product.ts';

const keptLine = z.string().transform((key) => {
  const [orderId, index] = key.split('/');
  return lineKey(orderIdSchema.parse(orderId), { index: z.coerce.number().int().parse(index) });
});

const keptProduct = z.union([
  z.object({ status: z.literal('unknown') }),
  z
    .object({
      status: z.literal('listed'),
      productId: productIdSchema,
      addedQuantity: stockSchema,
      availableQuantity: stockSchema,
      heldQuantity: stockSchema,
      soldQuantity: stockSchema,
      heldLines: z.array(z.tuple([keptLine, stockSchema])),
    })
    .transform(({ heldLines, ...product }): ListedProduct => ({
      ...product,
      heldLines: new Map(heldLines),
    })),
]);

/** What a product takes in memory, and each line that is held. */
const PRODUCT_BYTES = 300;
const LINE_BYTES = 150;

/** Raise the schema version with every change of the state or of what `evolve` makes of an event. */
export const productStateCodec: StateCodec<ProductState> = {
  schemaVersion: 1,
  serialize: (state) =>
    JSON.stringify(
      state.status === 'unknown' ? state : { ...state, heldLines: [...state.heldLines] },
    ),
  parse: (text) => keptProduct.parse(JSON.parse(text)),
  bytesOf: (state) =>
    PRODUCT_BYTES + (state.status === 'listed' ? state.heldLines.size * LINE_BYTES : 0),
};
