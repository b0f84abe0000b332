// The ids of orders: UUIDs as RFC 9562 lays them out, so that the gateway can name an order before anybody has seen it.
import { createHash, randomFillSync } from 'node:crypto';

/** Random bytes of one order id. */
const RANDOM_BYTES = 10;
/** Ids whose random bytes are taken together: asking the system for ten bytes costs as much as for some thousand. */
const POOLED_IDS = 512;

/** Makes the source of ids for orders without a key: UUIDs v7 of the time of the call, each with random bytes of its own. */
export function createOrderIds(): () => string {
  const pool = new Uint8Array(RANDOM_BYTES * POOLED_IDS);
  let used = pool.length;
  return () => {
    if (used === pool.length) {
      randomFillSync(pool);
      used = 0;
    }
    const randomBytes = pool.subarray(used, (used += RANDOM_BYTES));
    return uuidV7(Date.now(), randomBytes);
  };
}

/**
 * A UUID v7 (RFC 9562, section 5.7): 48 bits of Unix time in milliseconds, then 74 random bits from the ten bytes given.
 * Ids of about the same time are neighbours in an index. Throws a RangeError for a time or bytes that do not fit.
 */
export function uuidV7(unixMilliseconds: number, randomBytes: Uint8Array): string {
  if (!Number.isInteger(unixMilliseconds) || unixMilliseconds < 0 || unixMilliseconds >= 2 ** 48)
    throw new RangeError(`Not a time of 48 bits: ${unixMilliseconds}`);
  if (randomBytes.length !== RANDOM_BYTES)
    throw new RangeError(`Expected ${RANDOM_BYTES} random bytes, got ${randomBytes.length}`);
  const bytes = Buffer.alloc(16);
  bytes.writeUIntBE(unixMilliseconds, 0, 6);
  bytes.set(randomBytes, 6);
  return format(bytes, 7);
}

/**
 * A UUID v8 (RFC 9562, section 5.8: the layout is the application's own) made of the first 122 bits of SHA-256 over
 * subject and key. The same key of the same subject names the same order at any gateway, at any time: the order's
 * stream can be opened once, and that is all the idempotency there is to build.
 * Each part goes in behind its length, or ("ab", "c") and ("a", "bc") would be one order.
 */
export function uuidV8FromKey(subject: string, key: string): string {
  const hash = createHash('sha256');
  for (const part of [subject, key]) {
    const bytes = Buffer.from(part, 'utf8');
    const length = Buffer.alloc(4);
    length.writeUInt32BE(bytes.length);
    hash.update(length).update(bytes);
  }
  return format(hash.digest().subarray(0, 16), 8);
}

/** Sets version and variant (RFC 9562, sections 4.1 and 4.2) and writes the 16 bytes in the usual form. */
function format(bytes: Buffer, version: 7 | 8): string {
  bytes.writeUInt8((bytes.readUInt8(6) & 0x0f) | (version << 4), 6);
  bytes.writeUInt8((bytes.readUInt8(8) & 0x3f) | 0x80, 8);
  const hex = bytes.toString('hex');
  return [
    hex.slice(0, 8),
    hex.slice(8, 12),
    hex.slice(12, 16),
    hex.slice(16, 20),
    hex.slice(20),
  ].join('-');
}
