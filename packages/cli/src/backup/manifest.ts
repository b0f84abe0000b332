// What a backup folder says of itself: what is in it, from when it is, and how to tell that nothing of it has changed.
import { readFile, rename, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { z } from 'zod';

/** Of the files' layout. One that this build does not know is refused. */
const FORMAT = 1;
const MANIFEST = 'manifest.json';

const columnSchema = z.object({
  name: z.string(),
  /** `hex`: bytes, two digits each. `plain`: a text, a number or null, as it stands in the table. */
  form: z.enum(['plain', 'hex']),
});

const tableSchema = z.object({
  name: z.string(),
  /** Relative to the folder: gzip, a row a line, each a JSON array of the columns' values in their order. */
  file: z.string().regex(/^[\w./-]+$/),
  rows: z.int().min(0),
  bytes: z.int().min(0),
  /** Of the file as it is, compressed. */
  sha256: z.string().regex(/^[0-9a-f]{64}$/),
  columns: z.array(columnSchema).min(1),
  /** `SHOW CREATE TABLE`. */
  createTable: z.string(),
});

const serviceSchema = z.object({
  database: z.string(),
  /** The server's own words for its version. */
  server: z.string(),
  /** The log's head at the cut. */
  incarnation: z.int().min(1),
  position: z.int().min(0),
  /** By incarnation, newest first: the last of its positions that the log has. */
  incarnations: z.array(z.object({ incarnation: z.int(), lastPosition: z.int() })),
  migrations: z.array(z.string()),
  tables: z.array(tableSchema),
});

const manifestSchema = z.object({
  format: z.literal(FORMAT),
  /** ISO 8601. */
  takenAt: z.string(),
  topicPrefix: z.string(),
  services: z.object({ users: serviceSchema, inventory: serviceSchema, orders: serviceSchema }),
});

/** A backup. */
export type Manifest = z.output<typeof manifestSchema>;
/** One service's part of it. */
export type SavedService = z.output<typeof serviceSchema>;
/** One table of it. */
export type SavedTable = z.output<typeof tableSchema>;
/** How a column's values are written. */
export type SavedColumn = z.output<typeof columnSchema>;

/** Writes the manifest, last of all and whole or not at all: a folder without one is no backup. */
export async function writeManifest(
  folder: string,
  manifest: Omit<Manifest, 'format'>,
): Promise<void> {
  const unfinished = path.join(folder, `${MANIFEST}.unfinished`);
  const text = `${JSON.stringify({ format: FORMAT, ...manifest }, undefined, 2)}\n`;
  await writeFile(unfinished, text, { mode: 0o600, flush: true });
  await rename(unfinished, path.join(folder, MANIFEST));
}

/** Reads a backup's manifest. Throws an Error that says what is wrong with the folder. */
export async function readManifest(folder: string): Promise<Manifest> {
  const file = path.join(folder, MANIFEST);
  let text: string;
  try {
    text = await readFile(file, 'utf8');
  } catch (error) {
    throw new Error(`${folder} is no finished backup: ${file} cannot be read (${String(error)})`, {
      cause: error,
    });
  }
  const parsed = manifestSchema.safeParse(JSON.parse(text));
  if (parsed.success) return parsed.data;
  throw new Error(
    `${file} is not what this build writes (format ${FORMAT}): restore it with the build that made it\n${z.prettifyError(parsed.error)}`,
  );
}
