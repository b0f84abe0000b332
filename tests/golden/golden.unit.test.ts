// Every schema version that was ever written is still read, and none that was published is changed.
import { z } from 'zod';
import { firstVersion } from '@orderflow/shared/contracts/schemaVersions.ts';
import { findChanges, readGoldens, storedSchema, type Golden } from './golden.ts';
import { goldenSets } from './sets.ts';

describe.each(goldenSets)('In $name', ({ folder, types, read }) => {
  const goldens = readGoldens(folder);

  it('each version is the one that was published, and has its golden file', () => {
    expect(findChanges(types, goldens)).toEqual([]);
  });

  it.each(goldens)('what $type version $version wrote is read', ({ type, version, examples }) => {
    for (const example of examples)
      expect(read(type, version, example.written)).toEqual(example.read);
  });
});

describe('The comparison with what was published', () => {
  const named = z.object({ name: z.string().max(10) });
  const golden = (version: number, schema: z.ZodType): Golden => ({
    ...{ type: 'Named', version, schema: storedSchema(schema) },
    examples: [{ written: {}, read: {} }],
  });
  const changes = (schema: z.ZodType, goldens: readonly Golden[]) =>
    findChanges({ Named: firstVersion(schema) }, goldens);

  it('has nothing against a version that is as it was', () => {
    expect(changes(z.object({ name: z.string().max(10) }), [golden(1, named)])).toEqual([]);
  });

  it.each([
    ['a field more', z.object({ name: z.string().max(10), age: z.int() })],
    ['an optional field more', z.object({ name: z.string().max(10), age: z.int().optional() })],
    ['a field less', z.object({})],
    ['another limit', z.object({ name: z.string().max(9) })],
    ['other fields refused', z.strictObject({ name: z.string().max(10) })],
  ])('finds %s', (_case, changed) => {
    expect(changes(changed, [golden(1, named)])).toEqual([
      expect.stringContaining('add version 2 with an upcaster') as string,
    ]);
  });

  it('finds a version that is new, one that was dropped, and one without an example', () => {
    expect(changes(named, [])).toEqual([
      expect.stringContaining('version 1 has no golden file') as string,
    ]);
    expect(changes(named, [golden(1, named), golden(2, named)])).toEqual([
      expect.stringContaining('version 2 is not read any more') as string,
    ]);
    expect(changes(named, [{ ...golden(1, named), examples: [] }])).toEqual([
      expect.stringContaining('has no example') as string,
    ]);
  });
});
