// What `POST /order` takes: the body in the demo's words, and the Idempotency-Key.
import { z } from 'zod';
import { productIdSchema, userIdSchema } from '@orderflow/shared/contracts/ids.ts';
import { RequestRefusal } from '@orderflow/shared/http/problem.ts';
import { idField, parseRequest, requiredField } from '@orderflow/shared/http/validate.ts';

// Two steps, since the demo looks for both fields before it looks at either's value.
const presentSchema = z.object({
  productId: requiredField('productId', 'body', z.unknown()),
  userId: requiredField('userId', 'body', z.unknown()),
});
const orderRequestSchema = z.object({
  productId: idField('productId', 'body').pipe(productIdSchema),
  userId: idField('userId', 'body').pipe(userIdSchema),
});

/** One piece of a product for a user. */
export type OrderRequest = z.output<typeof orderRequestSchema>;

/** Parses the body of `POST /order`. Throws RequestRefusal with the demo's messages. */
export function parseOrderRequest(body: unknown): OrderRequest {
  return parseRequest(orderRequestSchema, parseRequest(presentSchema, body));
}

/**
 * The client's Idempotency-Key; undefined: none was given. Throws RequestRefusal for one that is not 1 to 255 visible
 * ASCII characters. Two such headers arrive joined by a comma and a space, so they are refused as well.
 */
export function parseIdempotencyKey(header: string | string[] | undefined): string | undefined {
  if (header === undefined) return undefined;
  if (typeof header === 'string' && /^[\x21-\x7e]{1,255}$/.test(header)) return header;
  throw new RequestRefusal(
    'invalid',
    'Idempotency-Key must be 1 to 255 visible ASCII characters, without spaces',
  );
}
