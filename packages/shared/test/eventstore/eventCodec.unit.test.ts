// Events of schema versions that this build does not know.
import { z } from 'zod';
import { firstVersion } from '../../src/contracts/schemaVersions.ts';
import { createEventCodec } from '../../src/eventstore/eventCodec.ts';

interface Named {
  readonly type: 'Named';
  readonly data: { readonly at: string; readonly name: string };
}

const codec = createEventCodec<Named>({
  Named: firstVersion(z.object({ at: z.string(), first: z.string() }))
    .next(z.object({ at: z.string(), first: z.string(), last: z.string() }), (data) => ({
      ...data,
      last: '',
    }))
    .next(z.object({ at: z.string(), name: z.string() }), ({ at, first, last }) => ({
      at,
      name: `${first} ${last}`.trim(),
    })),
});

it('an old version is read as the present one, step by step', () => {
  const today = (name: string) => ({ type: 'Named', data: { at: '', name } });
  expect(codec.parse('Named', 1, { at: '', first: 'a' })).toEqual(today('a'));
  expect(codec.parse('Named', 2, { at: '', first: 'a', last: 'b' })).toEqual(today('a b'));
  expect(codec.parse('Named', 3, { at: '', name: 'a' })).toEqual(today('a'));
  expect(codec.schemaVersionOf('Named')).toBe(3);
});

it('data of one version under the number of another is wrong data', () => {
  expect(() => codec.parse('Named', 2, { at: '', first: 'a' })).toThrow(z.ZodError);
});

it('a newer version, or a type that is not known yet, is waited for', () => {
  const newer: unknown = expect.objectContaining({ code: 'newer_schema', retryable: true });
  expect(() => codec.parse('Named', 4, {})).toThrow(newer as Error);
  expect(() => codec.parse('Renamed', 1, {})).toThrow(newer as Error);
});

it('wrong data is never waited for', () => {
  expect(() => codec.parse('Named', 3, { name: 1 })).toThrow(z.ZodError);
});
