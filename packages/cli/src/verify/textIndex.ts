// Where the texts of which hash stand in a file: open addressing, linear probing. In memory while it is small, then in a file.
import { closeSync, ftruncateSync, openSync, readSync, rmSync, writeSync } from 'node:fs';
import { randomUUID } from 'node:crypto';
import { tmpdir } from 'node:os';
import path from 'node:path';

/** The slots of an index. A free one has offset 0. */
interface Slots {
  readonly count: number;
  hashAt(at: number): number;
  /** Of the text in its file, plus 1. */
  offsetAt(at: number): number;
  isTaken(at: number): boolean;
  set(at: number, hash: number, offset: number): void;
  markTaken(at: number): void;
  close(): void;
}

/** 13 bytes a slot. */
class MemorySlots implements Slots {
  readonly count: number;
  readonly #hashes: Uint32Array;
  readonly #offsets: Float64Array;
  readonly #taken: Uint8Array;

  constructor(count: number) {
    this.count = count;
    this.#hashes = new Uint32Array(count);
    this.#offsets = new Float64Array(count);
    this.#taken = new Uint8Array(count);
  }

  hashAt(at: number): number {
    return this.#hashes[at] ?? 0;
  }

  offsetAt(at: number): number {
    return this.#offsets[at] ?? 0;
  }

  isTaken(at: number): boolean {
    return this.#taken[at] === 1;
  }

  set(at: number, hash: number, offset: number): void {
    this.#hashes[at] = hash;
    this.#offsets[at] = offset;
  }

  markTaken(at: number): void {
    this.#taken[at] = 1;
  }

  close(): void {
    // The garbage collector has it.
  }
}

const SLOT_BYTES = 16;
const [HASH_AT, TAKEN_AT, OFFSET_AT] = [0, 4, 8];
const BLOCK_BYTES = 4_096;

/** 16 bytes a slot in a temporary file, of which a block is in memory: a hash and those probed behind it are neighbours. */
class FileSlots implements Slots {
  readonly count: number;
  readonly #name = path.join(tmpdir(), `orderflow-verify-${randomUUID()}`);
  readonly #file = openSync(this.#name, 'wx+', 0o600);
  readonly #block = Buffer.alloc(BLOCK_BYTES);
  #blockAt = -1;

  /** `count` is a multiple of 256. */
  constructor(count: number) {
    this.count = count;
    // All slots are free: a hole in the file reads as zeros.
    ftruncateSync(this.#file, count * SLOT_BYTES);
  }

  hashAt(at: number): number {
    return this.#block.readUInt32LE(this.#load(at) + HASH_AT);
  }

  offsetAt(at: number): number {
    return this.#block.readDoubleLE(this.#load(at) + OFFSET_AT);
  }

  isTaken(at: number): boolean {
    return this.#block.readUInt8(this.#load(at) + TAKEN_AT) === 1;
  }

  set(at: number, hash: number, offset: number): void {
    const start = this.#load(at);
    this.#block.writeUInt32LE(hash, start + HASH_AT);
    this.#block.writeDoubleLE(offset, start + OFFSET_AT);
    this.#store(start);
  }

  markTaken(at: number): void {
    const start = this.#load(at);
    this.#block.writeUInt8(1, start + TAKEN_AT);
    this.#store(start);
  }

  close(): void {
    closeSync(this.#file);
    rmSync(this.#name, { force: true });
  }

  /** Brings the block of a slot; gives where the slot begins in it. */
  #load(at: number): number {
    const start = (at * SLOT_BYTES) % BLOCK_BYTES;
    const blockAt = at * SLOT_BYTES - start;
    if (blockAt !== this.#blockAt) {
      readSync(this.#file, this.#block, 0, BLOCK_BYTES, blockAt);
      this.#blockAt = blockAt;
    }
    return start;
  }

  #store(start: number): void {
    writeSync(this.#file, this.#block, start, SLOT_BYTES, this.#blockAt + start);
  }
}

/** Offsets of texts by the hashes of these. */
export class TextIndex {
  readonly #memorySlots: number;
  #slots: Slots;
  #count = 0;

  /** Both are powers of two of at least 256; more than `memorySlots` lie in a file. */
  constructor(slots: number, memorySlots: number) {
    this.#memorySlots = memorySlots;
    this.#slots = this.#makeSlots(slots);
  }

  /** Adds a text that is not in it. */
  add(hash: number, offset: number): void {
    if (this.#count * 2 >= this.#slots.count) this.#grow();
    this.#place(hash, offset + 1);
    this.#count += 1;
  }

  /** The text in this slot stands elsewhere now. */
  move(at: number, offset: number): void {
    this.#slots.set(at, this.#slots.hashAt(at), offset + 1);
  }

  offsetAt(at: number): number {
    return this.#slots.offsetAt(at) - 1;
  }

  isTaken(at: number): boolean {
    return this.#slots.isTaken(at);
  }

  markTaken(at: number): void {
    this.#slots.markTaken(at);
  }

  /** The slots that hold this hash: of several texts may be the same one. */
  *candidates(hash: number): Generator<number> {
    const mask = this.#slots.count - 1;
    for (let at = hash & mask; this.#slots.offsetAt(at) > 0; at = (at + 1) & mask)
      if (this.#slots.hashAt(at) === hash) yield at;
  }

  /** The offsets of the texts that were not taken. */
  *offsetsLeft(): Generator<number> {
    for (let at = 0; at < this.#slots.count; at += 1)
      if (this.#slots.offsetAt(at) > 0 && !this.#slots.isTaken(at)) yield this.offsetAt(at);
  }

  close(): void {
    this.#slots.close();
  }

  #makeSlots(count: number): Slots {
    return count > this.#memorySlots ? new FileSlots(count) : new MemorySlots(count);
  }

  #grow(): void {
    const old = this.#slots;
    this.#slots = this.#makeSlots(old.count * 2);
    for (let at = 0; at < old.count; at += 1)
      if (old.offsetAt(at) > 0) this.#place(old.hashAt(at), old.offsetAt(at));
    old.close();
  }

  #place(hash: number, stored: number): void {
    const mask = this.#slots.count - 1;
    let at = hash & mask;
    while (this.#slots.offsetAt(at) > 0) at = (at + 1) & mask;
    this.#slots.set(at, hash, stored);
  }
}
