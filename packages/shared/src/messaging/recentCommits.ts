// Commits of this process on their way to its relay: what is here need not be read from the table again.
import type { DomainEvent } from '../eventstore/decider.ts';
import type { RecordedEvent } from '../eventstore/eventStore.ts';

/** Events kept at most. Who is further behind reads the table, which is quick for many rows at once. */
const MAX_EVENTS = 5_000;

/**
 * Events by position. Positions are contiguous over all processes, so a run that begins right behind what was sent
 * lacks nothing; where it breaks off, another process has committed (or its commit is told a moment later), and the
 * table has the rest.
 */
export class RecentCommits<Event extends DomainEvent> {
  readonly #events = new Map<number, RecordedEvent<Event>>();

  /** Adds what was committed, in any order. */
  add(events: readonly RecordedEvent<Event>[]): void {
    if (this.#events.size + events.length > MAX_EVENTS) {
      this.#events.clear();
      return;
    }
    for (const event of events) this.#events.set(event.position, event);
  }

  /**
   * Takes the run behind `after`, at most `limit` events; empty: nothing is known of it. Only of this incarnation: an
   * event of an earlier one may have been lost with the end of its log, and its position used again.
   */
  takeAfter(after: number, limit: number, incarnation: number): readonly RecordedEvent<Event>[] {
    for (const position of this.#events.keys()) {
      if (position > after) break;
      this.#events.delete(position);
    }
    const run: RecordedEvent<Event>[] = [];
    while (run.length < limit) {
      const position = after + 1 + run.length;
      const next = this.#events.get(position);
      if (next?.incarnation !== incarnation) break;
      run.push(next);
      this.#events.delete(position);
    }
    return run;
  }

  isEmpty(): boolean {
    return this.#events.size === 0;
  }
}
