// Requests parsed at the border by zod: what passes is typed, what does not is refused with the schema's own words.
import { z } from 'zod';
import { RequestRefusal } from './problem.ts';

/**
 * Parses a body, a query or parameters. Throws RequestRefusal `invalid` with the first issue's message: schemas carry
 * the messages that clients know, and their fields stand in the order in which the first fault is to be told.
 * A body that is missing or no object counts as an empty one, so that the first missing field is named.
 */
export function parseRequest<Schema extends z.ZodType>(
  schema: Schema,
  input: unknown,
): z.output<Schema> {
  const parsed = schema.safeParse(isFields(input) ? input : {});
  if (parsed.success) return parsed.data;
  throw new RequestRefusal(
    'invalid',
    parsed.error.issues[0]?.message ?? 'The request is not valid',
  );
}

function isFields(input: unknown): boolean {
  return typeof input === 'object' && input !== null && !Array.isArray(input);
}

/** Where a field comes from, in the words of the demo's messages. */
export type FieldSource = 'body' | 'query';

/** The demo's message for a field that is not there: `email field is missing from body params`. */
export function missingMessage(field: string, source: FieldSource): string {
  return `${field} field is missing from ${source} params`;
}

/** A field that must be there: undefined, null, '', 0 and false count as missing, as in the demo. `schema` judges the rest. */
export function requiredField<Schema extends z.ZodType>(
  field: string,
  source: FieldSource,
  schema: Schema,
) {
  const present = z.unknown().refine((value) => Boolean(value), {
    error: missingMessage(field, source),
    abort: true,
  });
  return present.pipe(schema);
}

/**
 * An id that stands in a body or query: a positive whole number, or its decimal digits as a string. Nothing is coerced:
 * "3abc", {"a":1} and [3] are refused, though JavaScript would make a 3 of two of them.
 */
export function idField(field: string, source: FieldSource) {
  const expected = `${field} must be a whole number from 1 to ${Number.MAX_SAFE_INTEGER}`;
  const digits = z
    .string()
    .regex(/^\d{1,16}$/)
    .transform(Number);
  const id = z
    .union([z.number(), digits], expected)
    .pipe(z.int(expected).min(1, expected).max(Number.MAX_SAFE_INTEGER, expected));
  return requiredField(field, source, id);
}
