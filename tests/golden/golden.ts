// The golden files: what each schema version of each event and message has looked like since it was published. A log keeps
// its events for ever, and a topic is read by older builds during an upgrade, so a version that was written is never changed.
import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { z } from 'zod';
import type { SchemaVersions } from '@orderflow/shared/contracts/schemaVersions.ts';

/** A golden file: one version of one type. */
export interface Golden {
  readonly type: string;
  readonly version: number;
  /** The JSON Schema of what is written. Recorded once, never changed. */
  readonly schema: unknown;
  /** What was written, never changed, and what today's code reads it as. */
  readonly examples: readonly { readonly written: unknown; readonly read: unknown }[];
}

/** All types of a log or a topic with their versions. */
export type VersionedTypes = Readonly<Record<string, SchemaVersions<unknown>>>;

const contentSchema = z.strictObject({
  schema: z.unknown(),
  examples: z.array(z.strictObject({ written: z.unknown(), read: z.unknown() })),
});

/** `OrderRequested.v2.json`. */
export function goldenName(type: string, version: number): string {
  return `${type}.v${version}.json`;
}

/** The golden files of a folder. Throws on a file that is none. */
export function readGoldens(folder: string): readonly Golden[] {
  return readdirSync(folder)
    .toSorted()
    .map((file) => {
      const match = /^([A-Za-z]+)\.v(\d+)\.json$/.exec(file);
      if (match?.[1] === undefined) throw new Error(`${file} is no name of a golden file`);
      const content: unknown = JSON.parse(readFileSync(path.join(folder, file), 'utf8'));
      return { type: match[1], version: Number(match[2]), ...contentSchema.parse(content) };
    });
}

/** What is accepted as stored data: of a schema that transforms, what goes into it. */
export function storedSchema(schema: z.ZodType): unknown {
  return z.toJSONSchema(schema, { io: 'input' });
}

const HOW = 'See CONTRIBUTING.md, "Changing an event or a message"';

/** What is wrong with today's versions, compared with what was published; none: all is well. */
export function findChanges(today: VersionedTypes, goldens: readonly Golden[]): readonly string[] {
  const problems: string[] = [];
  for (const [type, { schemas }] of Object.entries(today)) {
    for (const [index, schema] of schemas.entries()) {
      const version = index + 1;
      const golden = goldens.find((each) => each.type === type && each.version === version);
      if (golden === undefined)
        problems.push(`${type} version ${version} has no golden file: npm run golden. ${HOW}.`);
      else problems.push(...judge(golden, schema, schemas.length));
    }
  }
  for (const { type, version } of goldens)
    if (today[type]?.has(version) !== true)
      problems.push(
        `${type} version ${version} is not read any more, but logs and topics hold it: keep it. ${HOW}.`,
      );
  return problems;
}

function judge({ type, version, schema, examples }: Golden, today: z.ZodType, newest: number) {
  const problems: string[] = [];
  if (JSON.stringify(storedSchema(today)) !== JSON.stringify(schema))
    problems.push(
      `The schema of ${type} version ${version} is not the one that was published: put it back, and add version ` +
        `${newest + 1} with an upcaster. ${HOW}.`,
    );
  if (examples.length === 0)
    problems.push(
      `${type} version ${version} has no example: add one that was really written. ${HOW}.`,
    );
  return problems;
}
