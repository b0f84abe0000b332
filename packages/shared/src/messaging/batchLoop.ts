// The loop that empties the batches in hand: all partitions of a fetch together, one transaction after the other.
import type { Assignment } from './assignment.ts';
import { createCoalescer, type BatchInHand, type TakenSlice } from './coalescer.ts';
import type { Exclusive } from './mutex.ts';
import type { Settler } from './settle.ts';
import type { FetchedBatch } from './transport.ts';

const HEARTBEAT_MS = 1_000;

/** What the loop works with. */
export interface BatchLoopDeps {
  readonly assignment: Assignment;
  readonly settler: Settler;
  readonly exclusive: Exclusive;
  /** For what `settle` throws; the batches in hand are given back. */
  readonly onError: (error: unknown) => void;
}

/** The loop. */
export interface BatchLoop {
  /** Handles a fetched batch, and resolves when it is done with or given back. Never throws. */
  handle(batch: FetchedBatch): Promise<void>;
  /** Gives back what is in hand, takes nothing more, and resolves when the transaction under way has ended. */
  stop(): Promise<void>;
}

/** Makes the loop; it runs while there are batches. */
export function createBatchLoop(deps: BatchLoopDeps): BatchLoop {
  const { assignment, settler, exclusive, onError } = deps;
  const coalescer = createCoalescer();
  let running: Promise<void> | undefined;
  let stopped = false;

  function isDone({ state, fetched, next }: BatchInHand): boolean {
    return (
      next >= fetched.records.length ||
      state.phase !== 'reading' ||
      // The next assignment has come, or the partition was sought elsewhere: the rest of the batch is of the past.
      assignment.find(state) !== state ||
      !fetched.isCurrent()
    );
  }

  async function settle(slices: readonly TakenSlice[]): Promise<void> {
    const current = slices.filter(({ batch }) => !isDone(batch));
    const outcome = await settler.settle(
      current.map(({ batch: { state }, records }) => ({ state, records })),
    );
    for (const { batch, records } of current) {
      const settled = records.filter(({ offset }) => offset < batch.state.readOffset);
      batch.next += settled.length;
      const last = settled.at(-1);
      if (last !== undefined) batch.fetched.resolve(last.offset);
    }
    assignment.setAside(outcome);
  }

  async function run(): Promise<void> {
    // All handlers of one fetch are called in one go: by the next turn their batches are all in hand.
    await new Promise((resolve) => setImmediate(resolve));
    let rebalancing = false;
    const heartbeat = setInterval(() => {
      // An error here means a rebalance or a lost connection; kafkajs meets it again itself once it has the batches.
      coalescer
        .any()
        ?.heartbeat()
        .catch(() => {
          rebalancing = true;
        });
    }, HEARTBEAT_MS);
    try {
      for (;;) {
        coalescer.release((batch) => stopped || rebalancing || isDone(batch));
        const slices = coalescer.take();
        if (slices.length === 0) return;
        await exclusive(() => settle(slices));
      }
    } catch (error) {
      onError(error);
    } finally {
      clearInterval(heartbeat);
      coalescer.release(() => true);
      running = undefined;
    }
  }

  return {
    async handle(batch) {
      const state = assignment.find(batch);
      // Fetched before the seek of the present assignment: it is paused now, and fetched again from our own cursor.
      if (stopped || state?.phase !== 'reading') return;
      const given = coalescer.add(state, batch);
      running ??= run();
      await given;
    },
    async stop() {
      stopped = true;
      await running;
    },
  };
}
