// Events of schema versions that this build does not know.
import { z } from 'zod';
import { createEventCodec } from '../../src/eventstore/eventCodec.ts';

interface Named {
  readonly type: 'Named';
  readonly data: { readonly at: string; readonly name: string };
}

const codec = createEventCodec<Named>({
  Named: [
    z
      .object({ at: z.string(), first: z.string() })
      .transform(({ at, first }) => ({ at, name: first })),
    z.object({ at: z.string(), name: z.string() }),
  ],
});

it('an old version is read as the present one', () => {
  const today = { type: 'Named', data: { at: '', name: 'a' } };
  expect(codec.parse('Named', 1, { at: '', first: 'a' })).toEqual(today);
  expect(codec.parse('Named', 2, { at: '', name: 'a' })).toEqual(today);
});

it('a newer version, or a type that is not known yet, is waited for', () => {
  const newer: unknown = expect.objectContaining({ code: 'newer_schema', retryable: true });
  expect(() => codec.parse('Named', 3, {})).toThrow(newer as Error);
  expect(() => codec.parse('Renamed', 1, {})).toThrow(newer as Error);
});

it('wrong data is never waited for', () => {
  expect(() => codec.parse('Named', 2, { name: 1 })).toThrow(z.ZodError);
});
