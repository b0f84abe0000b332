// The store that the contract suite holds to its promises, and how it looks at a conflict.
import {
  ConflictError,
  type EventStore,
  type ParkedPlace,
  type Wish,
} from '../eventstore/eventStore.ts';
import type { Row } from '../eventstore/projection.ts';
import type { TallyEvent, TallySeen } from './tallyDomain.ts';

/** A store of the tally domain, empty for each test. */
export interface StoreUnderTest {
  readonly store: EventStore<TallyEvent, TallySeen>;
  /** All rows of a table, by primary key. */
  rows(table: string): Promise<readonly Row[]>;
  /** Writes a wish at a parked message, as an operator does. */
  wish(at: ParkedPlace, wish: Wish): Promise<unknown>;
}

/** The conflict that an attempt ends in; throws if it ends otherwise. */
export async function conflictOf(
  attempt: Promise<unknown>,
): Promise<{ kind: string; subject: string }> {
  const error: unknown = await attempt.then(
    () => undefined,
    (reason: unknown) => reason,
  );
  if (!(error instanceof ConflictError)) throw new Error('Expected a conflict', { cause: error });
  return { kind: error.kind, subject: error.subject };
}
