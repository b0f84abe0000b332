// Where to begin reading a partition, and whether Kafka still has what the cursor says was or will be there.
import type { PartitionOffsets } from './transport.ts';

/** Where to read, and what is missing, if something is. */
export interface ReadStart {
  readonly offset: bigint;
  readonly loss?: 'tail lost' | 'records deleted';
}

/**
 * Where a partition is read from after an assignment: one record before the next one. That record was handled, so it
 * must be a repeat; if it is anything else, the topic was wiped and has grown again past our offset, and the chain shows
 * a gap, which a start at the next record would not see before a new message comes.
 */
export function startOffset(nextOffset: bigint, offsets: PartitionOffsets): ReadStart {
  const lost = findLoss(nextOffset, offsets);
  if (lost !== undefined) return lost;
  const before = nextOffset > 0n ? nextOffset - 1n : 0n;
  return { offset: before < offsets.low ? offsets.low : before };
}

/**
 * Compares where we are with what Kafka has; undefined if that fits. Both losses may come without any new message to
 * show them. `position` must be from before the question and, for deleted records, still be true after it.
 */
export function findLoss(position: bigint, offsets: PartitionOffsets): ReadStart | undefined {
  if (offsets.high < position) return { offset: offsets.low, loss: 'tail lost' };
  if (offsets.low > position) return { offset: offsets.low, loss: 'records deleted' };
  return undefined;
}
