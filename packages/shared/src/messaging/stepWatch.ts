// The step in hand under watch: one that gets no answer for too long would stop the consumer without a word.
import type { DomainEvent } from '../eventstore/decider.ts';
import type { EventStore } from '../eventstore/eventStore.ts';
import type { Exclusive } from './mutex.ts';
import { NO_PROGRESS_MS } from './tailCheck.ts';

/** What of the store a consumer's steps wait for. */
export type StepStore<Event extends DomainEvent, Fact extends DomainEvent> = Pick<
  EventStore<Event, Fact>,
  | 'readStreams'
  | 'readSnapshots'
  | 'readCursors'
  | 'readParkedKeys'
  | 'readParked'
  | 'readWishes'
  | 'commit'
>;

/**
 * Watches from outside: it never waits for a step itself. All that shows a standstill from inside (cursors that are
 * compared with Kafka, losses that are asked for again) may stand in the queue behind the step that hangs.
 */
export class StepWatch {
  readonly #now: () => number;
  #inHand = 0;
  #since = 0;

  /** `now` in milliseconds, of a clock that only goes forward. */
  constructor(now: () => number) {
    this.#now = now;
  }

  /** The same steps, seen by this watch. */
  watchSteps(exclusive: Exclusive): Exclusive {
    return (step) =>
      exclusive(async () => {
        this.#inHand += 1;
        this.#since = this.#now();
        try {
          return await step();
        } finally {
          this.#inHand -= 1;
        }
      });
  }

  /** The same store. Each answer counts as progress, an error too: the database is waited for, however long. */
  watchAnswers<Event extends DomainEvent, Fact extends DomainEvent>(
    store: StepStore<Event, Fact>,
  ): StepStore<Event, Fact> {
    const noted = <T>(answer: Promise<T>): Promise<T> =>
      answer.finally(() => {
        this.#since = this.#now();
      });
    return {
      readStreams: (...of) => noted(store.readStreams(...of)),
      readSnapshots: (...of) => noted(store.readSnapshots(...of)),
      readCursors: (...of) => noted(store.readCursors(...of)),
      readParkedKeys: (...of) => noted(store.readParkedKeys(...of)),
      readParked: (...of) => noted(store.readParked(...of)),
      readWishes: (...of) => noted(store.readWishes(...of)),
      commit: (units) => noted(store.commit(units)),
    };
  }

  /** Throws when the step in hand has had no answer for too long: then only a new process helps. */
  requireAnswers(): void {
    if (this.#inHand === 0 || this.#now() - this.#since < NO_PROGRESS_MS) return;
    throw new Error(`No progress for ${NO_PROGRESS_MS} ms: the step in hand gets no answer`);
  }
}
