// Which partition a key belongs to: the murmur2 hash of Kafka's Java clients, so that other tools agree with the relay.

const SEED = 0x9747b28c;
const M = 0x5bd1e995;

/** Kafka's `Utils.murmur2` over the UTF-8 bytes of a key: a signed 32-bit integer. */
export function murmur2(key: string): number {
  const bytes = Buffer.from(key, 'utf8');
  const whole = bytes.length & ~3;
  let hash = SEED ^ bytes.length;
  for (let at = 0; at < whole; at += 4) {
    let word = Math.imul(bytes.readInt32LE(at), M);
    word ^= word >>> 24;
    hash = Math.imul(hash, M) ^ Math.imul(word, M);
  }
  if (whole < bytes.length) {
    // One to three bytes are left: they are mixed in as one little-endian number.
    hash = Math.imul(hash ^ bytes.readUIntLE(whole, bytes.length - whole), M);
  }
  hash = Math.imul(hash ^ (hash >>> 13), M);
  return hash ^ (hash >>> 15);
}

/**
 * The partition of a key among `partitionCount`, as Kafka's default partitioner computes it. The count must be the
 * one recorded when the topic was made: with another one keys would move, and order per key would be lost.
 */
export function partitionOf(key: string, partitionCount: number): number {
  return (murmur2(key) & 0x7fffffff) % partitionCount;
}
