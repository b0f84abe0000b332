// What a backup's files carry, and which incarnation a restore begins.
import { mkdtemp, rm, truncate, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { Readable } from 'node:stream';
import { hashOf, readTableFile, writeTableFile, type RowValues } from '../src/backup/tableFile.ts';
import { readManifest } from '../src/backup/manifest.ts';
import { newIncarnation } from '../src/restore/history.ts';

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'orderflow-files-'));
});
afterEach(() => rm(folder, { recursive: true }));

const rows: readonly RowValues[] = [
  [1, 'a line\nbreak, a \r, "quotes" and \\', null],
  [2, 'line separators \u2028 and \u2029, 日本, 🎟', '9007199254740993'],
  [3, '', -0.5],
];
const pages = () => Readable.from([rows.slice(0, 2), rows.slice(2)]);

async function readAll(file: string): Promise<RowValues[]> {
  const read: RowValues[] = [];
  await readTableFile(file, (row) => {
    read.push(row);
    return Promise.resolve();
  });
  return read;
}

describe('A table file', () => {
  it('gives back each row as it was written, whatever stands in it', async () => {
    const file = path.join(folder, 'table');
    const written = await writeTableFile(file, pages());
    expect(written.rows).toBe(3);
    expect(written.sha256).toBe(await hashOf(file));
    expect(await readAll(file)).toEqual(rows);
  });

  it('is never written over, and not read to an end that it has lost', async () => {
    const file = path.join(folder, 'table');
    const { bytes } = await writeTableFile(file, pages());
    await expect(writeTableFile(file, pages())).rejects.toThrow('EEXIST');
    await truncate(file, bytes - 10);
    await expect(readAll(file)).rejects.toThrow('unexpected end of file');
  });
});

it('a folder without a manifest, or with another build’s, is no backup', async () => {
  await expect(readManifest(folder)).rejects.toThrow('is no finished backup');
  await writeFile(path.join(folder, 'manifest.json'), '{"format": 2}');
  await expect(readManifest(folder)).rejects.toThrow('restore it with the build that made it');
});

it('a restore begins an incarnation above all that are known, also where the clock is behind', () => {
  expect(newIncarnation(1_763_800_000_999, [1, 7])).toBe(1_763_800_000);
  expect(newIncarnation(5_000, [1, 1_763_800_000])).toBe(1_763_800_001);
});
