// The batches of all partitions in hand, taken together: k partitions then cost one transaction, not k.
import { comparePartitions, partitionName, type PartitionState } from './partitionState.ts';
import type { FetchedBatch, IncomingRecord } from './transport.ts';

/** Messages in one transaction, of all partitions together. */
export const MAX_BATCH_MESSAGES = 1_000;

/** A fetched batch of a partition, and what is left of it. */
export interface BatchInHand {
  readonly state: PartitionState;
  readonly fetched: FetchedBatch;
  /** The first record that is not dealt with. */
  next: number;
  /** Gives the batch back to the connection; what is not resolved is fetched again. */
  readonly giveBack: () => void;
}

/** Records taken from a batch in hand. */
export interface TakenSlice {
  readonly batch: BatchInHand;
  readonly records: readonly IncomingRecord[];
}

/** The batches in hand. */
export interface Coalescer {
  /** Resolves when the batch was given back: at once if the partition has one in hand already. */
  add(state: PartitionState, fetched: FetchedBatch): Promise<void>;
  /** The next records of all batches, in partition order, at most MAX_BATCH_MESSAGES together; nothing is left: []. */
  take(): readonly TakenSlice[];
  /** Any batch in hand: its heartbeat is the group's. */
  any(): FetchedBatch | undefined;
  /** Gives back the batches that `isDone` names. */
  release(isDone: (batch: BatchInHand) => boolean): void;
}

/** Makes an empty coalescer. */
export function createCoalescer(): Coalescer {
  let inHand: readonly BatchInHand[] = [];
  return {
    add(state, fetched) {
      // Twice in one batch, the second copy would be judged by the same cursor as the first, and applied as well.
      const name = partitionName(state);
      if (inHand.some((batch) => partitionName(batch.state) === name)) return Promise.resolve();
      return new Promise((resolve) => {
        const batch = { state, fetched, next: 0, giveBack: resolve };
        inHand = [...inHand, batch].sort((a, b) => comparePartitions(a.state, b.state));
      });
    },
    take() {
      const slices: TakenSlice[] = [];
      let room = MAX_BATCH_MESSAGES;
      for (const [index, batch] of inHand.entries()) {
        // An equal share of the room that is left, so that a partition that is far behind cannot hold up the others.
        const share = Math.max(1, Math.floor(room / (inHand.length - index)));
        const records = batch.fetched.records.slice(batch.next, batch.next + Math.min(share, room));
        if (records.length === 0) continue;
        room -= records.length;
        slices.push({ batch, records });
      }
      return slices;
    },
    any: () => inHand[0]?.fetched,
    release(isDone) {
      const done = inHand.filter(isDone);
      inHand = inHand.filter((batch) => !done.includes(batch));
      for (const batch of done) batch.giveBack();
    },
  };
}
