// A table's rows as a file: gzip, a row a line, each a JSON array. Written and read page by page, so memory stays small.
import { createHash } from 'node:crypto';
import { createReadStream, createWriteStream } from 'node:fs';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { createGunzip, createGzip } from 'node:zlib';
import { z } from 'zod';
import type { SavedTable } from './manifest.ts';

/** A row's values, in the order of the columns. */
export type RowValues = readonly (string | number | null)[];

/** Values as the driver gives them, or as a file has them. */
export const rowValuesSchema = z.array(z.union([z.string(), z.number(), z.null()]));

/** Writes pages of rows to a new file that only its owner may read; gives its size and SHA-256. Throws if it is there. */
export async function writeTableFile(
  file: string,
  pages: AsyncIterable<readonly RowValues[]>,
): Promise<Pick<SavedTable, 'rows' | 'bytes' | 'sha256'>> {
  const hash = createHash('sha256');
  let rows = 0;
  let bytes = 0;
  async function* lines(): AsyncGenerator<string> {
    for await (const page of pages) {
      rows += page.length;
      yield page.map((row) => `${JSON.stringify(row)}\n`).join('');
    }
  }
  async function* measured(chunks: AsyncIterable<Buffer>): AsyncGenerator<Buffer> {
    for await (const chunk of chunks) {
      hash.update(chunk);
      bytes += chunk.length;
      yield chunk;
    }
  }
  const target = createWriteStream(file, { flags: 'wx', mode: 0o600, flush: true });
  await pipeline(Readable.from(lines()), createGzip(), measured, target);
  return { rows, bytes, sha256: hash.digest('hex') };
}

/** The SHA-256 of a file. */
export async function hashOf(file: string): Promise<string> {
  const hash = createHash('sha256');
  await pipeline(createReadStream(file), hash);
  return hash.digest('hex');
}

/** Reads a file that `writeTableFile` wrote: `use` gets one row after the other, and the next when it is done. */
export async function readTableFile(
  file: string,
  use: (row: RowValues) => Promise<void>,
): Promise<void> {
  await pipeline(
    createReadStream(file),
    createGunzip(),
    async (chunks: AsyncIterable<Buffer>): Promise<void> => {
      for await (const line of linesOf(chunks)) await use(rowValuesSchema.parse(JSON.parse(line)));
    },
  );
}

/** Split at line feeds alone: `node:readline` also splits at U+2028, which a text in JSON may hold as it is. */
async function* linesOf(chunks: AsyncIterable<Buffer>): AsyncGenerator<string> {
  const decoder = new TextDecoder();
  let rest = '';
  for await (const chunk of chunks) {
    const lines = (rest + decoder.decode(chunk, { stream: true })).split('\n');
    rest = lines.pop() ?? '';
    yield* lines;
  }
  if (rest !== '') throw new Error('The file ends in the middle of a row');
}
