// Where the events of a read model come from, up to what its tables have folded: the own log, or
// (messaging/factSource.ts) others'.
import type { Pool } from 'mysql2/promise';
import type { Queryable } from '../runtime/transaction.ts';
import type { DomainEvent } from './decider.ts';
import type { EventCodec } from './eventStore.ts';
import { readLogEvents } from './eventRows.ts';
import { lockLogHead, readLogHead } from './logHead.ts';

/** Some events, in order, and how far they lead. */
export interface FoldPage<Progress> {
  readonly events: readonly DomainEvent[];
  readonly progress: Progress;
  /** Nothing is left up to the target. */
  readonly isLast: boolean;
}

/** The events of a read model. `Progress`: how far a fold is. `Target`: how far the tables are. */
export interface FoldSource<Progress, Target> {
  readonly start: Progress;
  /** How far the tables are, as `database` sees them. Throws where that cannot be told. */
  target(database: Queryable): Promise<Target>;
  /** The next events, some at a time. */
  next(progress: Progress, target: Target): Promise<FoldPage<Progress>>;
  /**
   * Until the transaction ends, nobody changes the tables by events that the target does not have yet. In two parts,
   * since all transactions take their locks in one order: those before the read model's rows, and those after them.
   */
  lockBeforeRows(database: Queryable): Promise<void>;
  lockAfterRows(database: Queryable): Promise<void>;
  /** The target in words. */
  describe(target: Target): string;
}

/** Events in one transaction of a rebuild. */
export const FOLD_PAGE_EVENTS = 1_000;

/**
 * The service's own log. Every commit writes the rows that its events are folded into and its events together, the rows
 * first and then, under the lock of the log's head, the events. Whoever holds that lock therefore finds in the log
 * all events that have changed any row of anybody's.
 */
export function ownLogSource(
  pool: Pool,
  codec: EventCodec<DomainEvent>,
): FoldSource<number, number> {
  return {
    start: 0,
    target: async (database) => (await readLogHead(database)).position,
    async next(progress, target) {
      const limit = Math.min(target - progress, FOLD_PAGE_EVENTS);
      if (limit <= 0) return { events: [], progress, isLast: true };
      const events = await readLogEvents(pool, codec, progress, limit);
      const position = progress + events.length;
      if (events.length < limit)
        throw new Error(`The log ends at ${position}, its head says ${target}`);
      return {
        events: events.map(({ event }) => event),
        progress: position,
        isLast: position === target,
      };
    },
    lockBeforeRows: () => Promise.resolve(),
    lockAfterRows: lockLogHead,
    describe: (position) => `position ${position} of the log`,
  };
}
