// The hash chain of a stream: each event's hash covers the one before it, so a changed event is found.
import { hash } from 'node:crypto';

/** What a hash covers: all that was decided, and where it stands in its stream. */
export interface HashedEvent {
  readonly streamId: string;
  readonly version: number;
  readonly type: string;
  readonly schemaVersion: number;
  /** The stored JSON texts, byte for byte. */
  readonly data: string;
  readonly metadata: string;
}

/** The 'previous hash' of a stream's first event, in hex. */
export const GENESIS_HASH = '0'.repeat(64);

/**
 * Hex SHA-256 of the previous hash and the event. The position is not covered: it is the log's, not the stream's, and
 * the log proves itself by having no gap. A NUL stands between the parts, as none of them can contain one unescaped.
 */
export function chainHash(previousHash: string, event: HashedEvent): string {
  const { streamId, version, type, schemaVersion, data, metadata } = event;
  const parts = [previousHash, streamId, version, type, schemaVersion, data, metadata];
  return hash('sha256', parts.join('\0'));
}

/** Where a stream's chain breaks first: an event was changed, removed or put in. `undefined`: it holds. */
export function findBrokenLink(
  stream: readonly (HashedEvent & { readonly hash: string })[],
): { readonly version: number } | undefined {
  let previousHash = GENESIS_HASH;
  for (const [index, event] of stream.entries()) {
    if (event.version !== index + 1 || event.hash !== chainHash(previousHash, event))
      return { version: index + 1 };
    previousHash = event.hash;
  }
  return undefined;
}
