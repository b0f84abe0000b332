// The rows that a fold gives for one table: those used last in memory, all others in a temporary file.
// In memory each row of the file takes 26 to 52 bytes (13 in an index that is filled to a half at most), up to
// MEMORY_SLOTS; the index of a larger table is a file, too.
import { closeSync, openSync, readSync, rmSync, writeSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { randomUUID } from 'node:crypto';
import { keyOf, keyText } from '@orderflow/shared/eventstore/projectionEngine.ts';
import type { ColumnValue, ReadModelTable, Row } from '@orderflow/shared/eventstore/projection.ts';
import { TextIndex } from './textIndex.ts';

const HOT_ROWS = 20_000;
const WRITE_BYTES = 1_048_576;
const READ_BYTES = 1_024;
const LENGTH_BYTES = 4;
const FIRST_SLOTS = 1 << 12;
/** 55 MB, enough for two million rows. */
const MEMORY_SLOTS = 1 << 22;

/** The rows of one table, by key. */
export class RowStore {
  readonly table: ReadModelTable;
  /** Rows used of late, and those used before them, which leave next: all at once, since a Map that loses its first entry
   * again and again becomes slow. */
  #hot = new Map<string, Row>();
  #warm = new Map<string, Row>();
  readonly #file = new TextFile();
  readonly #index: TextIndex;

  constructor(table: ReadModelTable, memorySlots = MEMORY_SLOTS) {
    this.table = table;
    this.#index = new TextIndex(FIRST_SLOTS, memorySlots);
  }

  get(key: readonly ColumnValue[]): Row | undefined {
    const text = keyText(key);
    const hot = this.#hot.get(text) ?? this.#warm.get(text);
    if (hot !== undefined) return hot;
    const at = this.#find(text);
    if (at === undefined) return undefined;
    const row = this.#rowOf(this.#file.read(this.#index.offsetAt(at)));
    this.#keep(text, row);
    return row;
  }

  put(row: Row): void {
    this.#keep(keyText(keyOf(this.table, row)), row);
  }

  /** Writes all rows to the file: nothing is put any more, and `take` may begin. */
  seal(): void {
    this.#cool();
    this.#cool();
  }

  /** The columns of a row as JSON, in the table's order; each row is given once. */
  take(key: readonly ColumnValue[]): string | undefined {
    const at = this.#find(keyText(key));
    if (at === undefined || this.#index.isTaken(at)) return undefined;
    this.#index.markTaken(at);
    return this.#file.read(this.#index.offsetAt(at));
  }

  /** The rows that nobody has taken. */
  *left(): Generator<Row> {
    for (const offset of this.#index.offsetsLeft()) yield this.#rowOf(this.#file.read(offset));
  }

  close(): void {
    this.#file.close();
    this.#index.close();
  }

  #keep(text: string, row: Row): void {
    this.#hot.set(text, row);
    if (this.#hot.size >= HOT_ROWS) this.#cool();
  }

  #cool(): void {
    for (const [text, row] of this.#warm) if (!this.#hot.has(text)) this.#spill(text, row);
    this.#warm = this.#hot;
    this.#hot = new Map();
  }

  #spill(text: string, row: Row): void {
    const offset = this.#file.append(
      JSON.stringify(this.table.columns.map((column) => row[column] ?? null)),
    );
    const at = this.#find(text);
    if (at !== undefined) this.#index.move(at, offset);
    else this.#index.add(hashOf(text), offset);
  }

  #find(text: string): number | undefined {
    for (const at of this.#index.candidates(hashOf(text)))
      if (
        keyText(keyOf(this.table, this.#rowOf(this.#file.read(this.#index.offsetAt(at))))) === text
      )
        return at;
    return undefined;
  }

  #rowOf(json: string): Row {
    const values = JSON.parse(json) as readonly ColumnValue[];
    return Object.fromEntries(
      this.table.columns.map((column, index) => [column, values[index] ?? null]),
    );
  }
}

/** FNV-1a, 32 bits. */
function hashOf(text: string): number {
  let hash = 0x811c9dc5;
  for (let at = 0; at < text.length; at += 1)
    hash = Math.imul(hash ^ text.charCodeAt(at), 0x01000193);
  // FNV's low bits alone choose the slot: they are mixed with the high ones.
  return (hash ^ (hash >>> 15)) >>> 0;
}

/** Texts in a temporary file, found again by their offsets. */
class TextFile {
  readonly #name = path.join(tmpdir(), `orderflow-verify-${randomUUID()}`);
  readonly #file = openSync(this.#name, 'wx+', 0o600);
  readonly #waiting = Buffer.allocUnsafe(WRITE_BYTES * 2);
  #written = 0;
  #filled = 0;

  append(text: string): number {
    const length = Buffer.byteLength(text);
    if (length > WRITE_BYTES) throw new Error(`A row of ${length} bytes is too long to be checked`);
    const offset = this.#written + this.#filled;
    this.#waiting.writeUInt32LE(length, this.#filled);
    this.#waiting.write(text, this.#filled + LENGTH_BYTES);
    this.#filled += LENGTH_BYTES + length;
    if (this.#filled >= WRITE_BYTES) this.#flush();
    return offset;
  }

  read(offset: number): string {
    if (offset >= this.#written) return textIn(this.#waiting, offset - this.#written) ?? '';
    const start = Buffer.allocUnsafe(READ_BYTES);
    const bytes = readSync(this.#file, start, 0, READ_BYTES, offset);
    const short = textIn(start.subarray(0, bytes), 0);
    if (short !== undefined) return short;
    const whole = Buffer.allocUnsafe(LENGTH_BYTES + start.readUInt32LE(0));
    readSync(this.#file, whole, 0, whole.length, offset);
    return textIn(whole, 0) ?? '';
  }

  close(): void {
    closeSync(this.#file);
    rmSync(this.#name, { force: true });
  }

  #flush(): void {
    for (let done = 0; done < this.#filled;)
      done += writeSync(this.#file, this.#waiting, done, this.#filled - done, this.#written + done);
    this.#written += this.#filled;
    this.#filled = 0;
  }
}

/** The text at a place of a buffer; undefined if it goes on behind its end. */
function textIn(buffer: Buffer, at: number): string | undefined {
  const end = at + LENGTH_BYTES + buffer.readUInt32LE(at);
  return end > buffer.length ? undefined : buffer.toString('utf8', at + LENGTH_BYTES, end);
}
