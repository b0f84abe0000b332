// Who wants to hear of commits of this process: the relay, and requests that wait for an outcome.
import type { DomainEvent } from './decider.ts';
import type { CommitListener } from './eventStore.ts';

/** The listeners of one store. Concurrent commits may be told in another order than that of their positions. */
export interface CommitListeners<Event extends DomainEvent> {
  /** Adds a listener; gives the way to remove it. */
  readonly add: (listener: CommitListener<Event>) => () => void;
  /** Tells all listeners, unless nothing was recorded. */
  readonly notify: CommitListener<Event>;
}

/** Makes an empty list of listeners. */
export function createCommitListeners<Event extends DomainEvent>(): CommitListeners<Event> {
  const listeners = new Set<CommitListener<Event>>();
  return {
    add(listener) {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    notify(events, changes) {
      if (events.length === 0) return;
      // Not in the committer's call: what is committed stays so, whatever a listener throws (a bug; it ends the process).
      for (const listener of listeners)
        queueMicrotask(() => {
          listener(events, changes);
        });
    },
  };
}
