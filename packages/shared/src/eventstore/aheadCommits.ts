// Consumers' commits in front of the append queue: each waits for its turn, or goes beside the queue where its wait, or what it
// waits for, would hold up others.
import { cursorName } from './cursorRows.ts';
import type { DomainEvent } from './decider.ts';
import type { RecordedEvent, Unit } from './eventStore.ts';
import { commitAlone, isBusy, type Ahead, type CommitStore, type Settled } from './sharedCommit.ts';

/**
 * Makes the waiting room of consumers' commits; they wait there for at most `waitMs`. To commit beside the queue is safe: the
 * log head's lock orders all commits.
 */
export function createAheadCommits<Event extends DomainEvent, Fact extends DomainEvent>(
  store: CommitStore<Event, Fact>,
  waitMs: number,
) {
  const waiting = new Map<Ahead<Event, Fact>, NodeJS.Timeout>();
  const going = new Set<Promise<void>>();
  const stuck = createStuckCursors();

  /** Commits the units now, beside whatever else is under way. */
  const goBeside = (entry: Ahead<Event, Fact>): void => {
    const commit = commitAlone(store, entry).then(() => {
      going.delete(commit);
    });
    going.add(commit);
  };

  return {
    goBeside,
    /** Resolves or fails as the commit of the units does, whenever that is. */
    commit(units: readonly Unit<Event, Fact>[]): Promise<readonly RecordedEvent<Event>[]> {
      return new Promise((resolve, reject) => {
        const entry = { units, ...stuck.noting(units, { resolve, reject }) };
        if (stuck.hasAny(units)) {
          goBeside(entry);
          return;
        }
        // Its turn does not come: it goes beside what holds it up. Who takes it out of the map commits it, so it goes once.
        const timer = setTimeout(() => {
          if (waiting.delete(entry)) goBeside(entry);
        }, waitMs);
        waiting.set(entry, timer);
      });
    },
    /** Whether nobody waits for its turn. */
    isEmpty: (): boolean => waiting.size === 0,
    /** The one whose turn it is; to be committed by the caller. */
    next(): Ahead<Event, Fact> | undefined {
      for (const [entry, timer] of waiting) {
        waiting.delete(entry);
        clearTimeout(timer);
        return entry;
      }
      return undefined;
    },
    /** Resolves when none goes beside. */
    async drain(): Promise<void> {
      while (going.size > 0) await Promise.all(going);
    },
  };
}

/**
 * The cursors whose last commit did not get a lock: until one of their commits ends otherwise they are waited for beside the
 * queue. Each such wait takes the database's lock wait several times over, and requests that shared it would stand still.
 */
function createStuckCursors() {
  const stuck = new Set<string>();
  return {
    hasAny: (units: readonly Unit<DomainEvent, DomainEvent>[]): boolean =>
      cursorNames(units).some((name) => stuck.has(name)),
    /** The same ways to settle, but they note first which cursors are stuck then. */
    noting<Event extends DomainEvent>(
      units: readonly Unit<DomainEvent, DomainEvent>[],
      { resolve, reject }: Settled<Event>,
    ): Settled<Event> {
      const names = cursorNames(units);
      return {
        resolve(events) {
          for (const name of names) stuck.delete(name);
          resolve(events);
        },
        reject(error) {
          for (const name of names) {
            if (isBusy(error)) stuck.add(name);
            else stuck.delete(name);
          }
          reject(error);
        },
      };
    },
  };
}

function cursorNames(units: readonly Unit<DomainEvent, DomainEvent>[]): readonly string[] {
  return units.flatMap(({ cursors = [] }) =>
    cursors.map(({ consumer, to }) => cursorName(consumer, to)),
  );
}
