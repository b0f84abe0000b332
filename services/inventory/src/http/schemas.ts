// What inventory's routes take, with the messages that the demo's clients know.
import { z } from 'zod';
import { STOCK_LIMIT } from '@orderflow/shared/contracts/ids.ts';
import { afterField } from '@orderflow/shared/http/demoList.ts';
import { missingMessage, requiredField } from '@orderflow/shared/http/validate.ts';

const NAME_LENGTH = 255;

const nameExpected = `name must be a text of at most ${NAME_LENGTH} characters`;
const countExpected = `count of inventory must be a whole number from 1 to ${STOCK_LIMIT}`;

const name = z
  .union([z.string(), z.number()], nameExpected)
  // Half of a surrogate pair has no UTF-8 form: the log would keep it and the database would not.
  .transform((given) => String(given).toWellFormed())
  .pipe(z.string().max(NAME_LENGTH, nameExpected));

/** "3" is 3; "3abc", " 3", [3] and true are not numbers at all. */
const wholeNumber = z.union(
  [
    z.number(),
    z
      .string()
      .regex(/^\d{1,15}$/)
      .transform(Number),
  ],
  countExpected,
);

const count = z
  .unknown()
  // Unlike a name, a count of 0 is there: it has a message of its own.
  .refine((given) => given !== undefined && given !== null && given !== '', {
    error: missingMessage('count', 'body'),
    abort: true,
  })
  .pipe(wholeNumber)
  .refine((given) => given !== 0, {
    error: 'count of inventory must be greater than 0',
    abort: true,
  })
  .pipe(z.int(countExpected).min(1, countExpected).max(STOCK_LIMIT, countExpected));

/** The order of the fields is the order in which faults are told. */
export const addProductBody = z.object({ name: requiredField('name', 'body', name), count });

export const listProductsQuery = z.object({ after: afterField });
