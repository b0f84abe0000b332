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

/** The loop; it runs while there are batches. */
export class BatchLoop {
  readonly #deps: BatchLoopDeps;
  readonly #coalescer = createCoalescer();
  #running: Promise<void> | undefined;
  #isStopped = false;
  #isRebalancing = false;

  constructor(deps: BatchLoopDeps) {
    this.#deps = deps;
  }

  /** Handles a fetched batch, and resolves when it is done with or given back. Never throws. */
  async handle(batch: FetchedBatch): Promise<void> {
    const state = this.#deps.assignment.find(batch);
    // Fetched before the seek of the present assignment: it is paused now, and fetched again from our own cursor.
    if (this.#isStopped || state?.phase !== 'reading') return;
    const given = this.#coalescer.add(state, batch);
    this.#running ??= this.#run();
    await given;
  }

  /** Gives back what is in hand, takes nothing more, and resolves when the transaction under way has ended. */
  async stop(): Promise<void> {
    this.#isStopped = true;
    await this.#running;
  }

  async #run(): Promise<void> {
    // All handlers of one fetch are called in one go: by the next turn their batches are all in hand.
    await new Promise((resolve) => setImmediate(resolve));
    this.#isRebalancing = false;
    const heartbeat = setInterval(() => {
      this.#beat();
    }, HEARTBEAT_MS);
    try {
      for (;;) {
        this.#coalescer.release((batch) => this.#isDone(batch));
        const slices = this.#coalescer.take();
        if (slices.length === 0) return;
        await this.#deps.exclusive(() => this.#settle(slices));
      }
    } catch (error) {
      this.#deps.onError(error);
    } finally {
      clearInterval(heartbeat);
      this.#coalescer.release(() => true);
      this.#running = undefined;
    }
  }

  #beat(): void {
    // An error here means a rebalance or a lost connection; kafkajs meets it again itself once it has the batches.
    this.#coalescer
      .any()
      ?.heartbeat()
      .catch(() => {
        this.#isRebalancing = true;
      });
  }

  #isDone(batch: BatchInHand): boolean {
    const { state, fetched, next } = batch;
    return (
      this.#isStopped ||
      this.#isRebalancing ||
      next >= fetched.records.length ||
      state.phase !== 'reading' ||
      // The next assignment has come, or the partition was sought elsewhere: the rest of the batch is of the past.
      !this.#deps.assignment.isCurrent(state) ||
      !fetched.isCurrent()
    );
  }

  async #settle(slices: readonly TakenSlice[]): Promise<void> {
    // Looked at again: another step may have come between.
    const current = slices.filter(({ batch }) => !this.#isDone(batch));
    const outcome = await this.#deps.settler.settle(
      current.map(({ batch: { state }, records }) => ({ state, records })),
    );
    for (const { batch, records } of current) {
      const settled = records.filter(({ offset }) => offset < batch.state.readOffset);
      batch.next += settled.length;
      const last = settled.at(-1);
      // After the next join kafkajs may know nothing of the partition any more, and would throw.
      const isOurs = this.#deps.assignment.isCurrent(batch.state);
      if (last !== undefined && isOurs) batch.fetched.resolve(last.offset);
    }
    this.#deps.assignment.setAside(outcome);
  }
}
