// The lines of an order as its row keeps them, in JSON.
import { z } from 'zod';
import { productIdSchema } from '@orderflow/shared/contracts/ids.ts';

const orderLineSchema = z.object({
  productId: productIdSchema,
  quantity: z.int(),
  /** `withdrawn`: this line could have been had, or was not decided yet, when another one was rejected. */
  status: z.enum(['requested', 'reserved', 'confirmed', 'rejected', 'withdrawn']),
  availableQuantity: z.int().optional(),
  stockChangedAt: z.string().optional(),
  /** The user's cart line for the product, right after this order was confirmed. */
  cartLine: z
    .object({
      id: z.int(),
      uuid: z.string(),
      confirmedOrderCount: z.int(),
      createdAt: z.string(),
    })
    .optional(),
});

/** One line of an order, as it stands. */
export type OrderLineView = z.output<typeof orderLineSchema>;

/** Reads the lines of a row. Throws ZodError. */
export function parseLines(json: string): OrderLineView[] {
  return z.array(orderLineSchema).parse(JSON.parse(json));
}
