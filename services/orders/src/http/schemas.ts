// What the orders service's routes take.
import { z } from 'zod';
import { orderIdSchema, userIdSchema } from '@orderflow/shared/contracts/ids.ts';
import { streamedOrderSchema } from '@orderflow/shared/contracts/orderStream.ts';
import { afterField } from '@orderflow/shared/http/demoList.ts';
import { idField } from '@orderflow/shared/http/validate.ts';

/** An order in a request of its own: what else the stream's lines say stands in its headers. */
export const singleOrderBody = streamedOrderSchema.pick({
  orderId: true,
  userId: true,
  lines: true,
});

/** `userId` comes in the query, or (as the demo's README told) in the body of the GET. */
export const listCartQuery = z.object({
  userId: idField('userId', 'query').pipe(userIdSchema),
  after: afterField,
});

export const orderIdParams = z.object({
  orderId: z
    .uuid('The order id must be a UUID')
    .transform((id) => id.toLowerCase())
    .pipe(orderIdSchema),
});
