// Who sends, and up to where: the relay's lease and its cursors, as a contract. Kept in MySQL, or in memory for tests.
import { comparePlaces, START, type Place } from './chain.ts';

/** How long a leader that has fallen silent keeps its lease, on the database's clock. */
export const LEASE_TTL_MS = 3_000;

/** How far one partition has been served. */
export interface RelayCursor {
  readonly partition: number;
  /** The message sent last. */
  readonly place: Place;
  /** All events up to this position were looked at, and their messages for the partition sent. */
  readonly scannedPosition: number;
}

/** What a leader works from. Every change of it by somebody else raises the epoch. */
export interface Leadership {
  readonly epoch: number;
  /** One for each partition of the topic, in order. */
  readonly cursors: readonly RelayCursor[];
}

/**
 * The lease and the cursors of one schema's relay. Every write of a leader names its epoch: whoever takes the lease
 * over or rewinds a cursor raises the epoch, and the leader that did not know it yet writes nothing.
 */
export interface RelayPositions {
  /** Takes the lease if it is free or has run out, with a new epoch; undefined while somebody else holds it. */
  acquire(owner: string): Promise<Leadership | undefined>;
  /** The present epoch and cursors if `owner` still holds the lease (the lease is renewed), else undefined. */
  reload(owner: string): Promise<Leadership | undefined>;
  /** Stores the cursors and renews the lease. False, and nothing is written, if the epoch is no longer this one. */
  save(owner: string, leadership: Leadership): Promise<boolean>;
  /** Stores the cursors and gives the lease up, if the epoch is still this one. */
  release(owner: string, leadership: Leadership): Promise<void>;
  /**
   * Sets a partition's cursor back to `place`, or leaves it where it is if that is further back, and raises the epoch.
   * The epoch rises in either case: the leader's own cursor in memory may be ahead of the stored one, and what was lost
   * may lie between the two. `head` is the incarnation of the log now.
   */
  rewind(partition: number, place: Place, headIncarnation: number): Promise<void>;
}

/**
 * A cursor after a rewind to `place`. Never ahead of where it was: a request cannot make the relay skip a message.
 * A place of an earlier incarnation says nothing of positions in this one (they are used again after a restore), so
 * the log is then looked at from its beginning; messages up to the place are passed over again.
 */
export function rewoundCursor(
  cursor: RelayCursor,
  place: Place,
  headIncarnation: number,
): RelayCursor {
  if (comparePlaces(place, cursor.place) >= 0) return cursor;
  const scanned = place.incarnation === headIncarnation ? Math.max(place.position - 1, 0) : 0;
  return {
    partition: cursor.partition,
    place,
    scannedPosition: Math.min(scanned, cursor.scannedPosition),
  };
}

/** Has everything sent again, to all partitions. `headIncarnation` is the incarnation of the log now. */
export async function rewindToStart(
  positions: RelayPositions,
  partitionCount: number,
  headIncarnation: number,
): Promise<void> {
  for (let partition = 0; partition < partitionCount; partition += 1)
    await positions.rewind(partition, START, headIncarnation);
}
