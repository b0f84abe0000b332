// The schema versions of one event or message: every one that was ever written, and how each is read as the next one.
import type { z } from 'zod';

/** All versions of one type; `Data` is what it says today. Versions are numbered from 1. */
export interface SchemaVersions<Data> {
  /** Oldest first. Those that were written are never changed: the golden files in tests/golden hold them. */
  readonly schemas: readonly z.ZodType[];
  /** The version that is written today. */
  readonly current: number;
  /** Whether this build can read a version. */
  readonly has: (version: number) => boolean;
  /**
   * Parses data of a version by that version's schema, then takes it up version by version to the current one. Throws
   * ZodError on wrong data. Only for a version that it `has`.
   */
  readonly parse: (version: number, data: unknown) => Data;
  /**
   * Adds a version. `upcast` makes of the version before what this one would have said: pure, without a clock, so that a
   * replay gives the same each time. What the older one did not know gets the value that it had in fact.
   */
  readonly next: <Schema extends z.ZodType>(
    schema: Schema,
    upcast: (data: Data) => z.output<Schema>,
  ) => SchemaVersions<z.output<Schema>>;
}

/** What a type says today. */
export type DataOf<Versions extends SchemaVersions<unknown>> = ReturnType<Versions['parse']>;

/** The versions of a type of which there is one so far. */
export function firstVersion<Schema extends z.ZodType>(
  schema: Schema,
): SchemaVersions<z.output<Schema>> {
  return versionsOf([schema], (_version, data) => schema.parse(data));
}

function versionsOf<Data>(
  schemas: readonly z.ZodType[],
  parse: SchemaVersions<Data>['parse'],
): SchemaVersions<Data> {
  const current = schemas.length;
  return {
    schemas,
    current,
    has: (version) => version >= 1 && version <= current,
    parse,
    next: (schema, upcast) =>
      versionsOf([...schemas, schema], (version, data) =>
        version > current ? schema.parse(data) : upcast(parse(version, data)),
      ),
  };
}
