// Counts the record batches in a contender's topics, by walking the heads of the batches in the broker's log segments.
import { closeSync, fstatSync, openSync, readdirSync, readSync } from 'node:fs';
import path from 'node:path';

/** A batch begins with its base offset (8 bytes) and the length of what follows the length (4 bytes). */
const HEAD_BYTES = 12;

/** Counts on from where it last stopped. */
export interface BatchCounter {
  /** All batches so far, in topics whose names begin with the prefix. */
  readonly count: () => number;
}

/** Makes the counter of one contender's topics. Its first count walks all there is. */
export function createBatchCounter(kafkaLogDir: string, topicPrefix: string): BatchCounter {
  const walkedBytes = new Map<string, number>();
  let batches = 0;
  return {
    count: () => {
      for (const folder of readdirSync(kafkaLogDir)) {
        if (!folder.startsWith(topicPrefix)) continue;
        for (const file of readdirSync(path.join(kafkaLogDir, folder))) {
          if (!file.endsWith('.log')) continue;
          const segment = path.join(kafkaLogDir, folder, file);
          const walked = walkBatches(segment, walkedBytes.get(segment) ?? 0);
          walkedBytes.set(segment, walked.bytes);
          batches += walked.batches;
        }
      }
      return batches;
    },
  };
}

/** Walks a segment from a batch's first byte; a batch that is still being written is left for the next time. */
function walkBatches(segment: string, fromByte: number): { bytes: number; batches: number } {
  const head = Buffer.alloc(HEAD_BYTES);
  const descriptor = openSync(segment, 'r');
  try {
    const { size } = fstatSync(descriptor);
    let bytes = fromByte;
    let batches = 0;
    while (bytes + HEAD_BYTES <= size) {
      readSync(descriptor, head, 0, HEAD_BYTES, bytes);
      const next = bytes + HEAD_BYTES + head.readInt32BE(8);
      // Preallocated space reads as zeros.
      if (next === bytes + HEAD_BYTES || next > size) break;
      bytes = next;
      batches += 1;
    }
    return { bytes, batches };
  } finally {
    closeSync(descriptor);
  }
}
