// Who wants to hear of commits of this process: the relay, and requests that wait for an outcome.
import type { DomainEvent } from './decider.ts';
import type { RecordedEvent } from './eventStore.ts';

type Listener<Event extends DomainEvent> = (events: readonly RecordedEvent<Event>[]) => void;

/** The listeners of one store. Concurrent commits may be told in another order than that of their positions. */
export interface CommitListeners<Event extends DomainEvent> {
  /** Adds a listener; gives the way to remove it. */
  readonly add: (listener: Listener<Event>) => () => void;
  /** Tells all listeners, unless nothing was recorded. */
  readonly notify: (events: readonly RecordedEvent<Event>[]) => void;
}

/** Makes an empty list of listeners. */
export function createCommitListeners<Event extends DomainEvent>(): CommitListeners<Event> {
  const listeners = new Set<Listener<Event>>();
  return {
    add(listener) {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    notify(events) {
      if (events.length === 0) return;
      // Not in the committer's call: what is committed stays so, whatever a listener throws (a bug; it ends the process).
      for (const listener of listeners)
        queueMicrotask(() => {
          listener(events);
        });
    },
  };
}
