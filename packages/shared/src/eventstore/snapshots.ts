// The table `snapshots`: states of long streams, so that whoever takes a stream over need not read all of its past.
import { z } from 'zod';
import { operationalError, queryRows } from '../runtime/database.ts';
import type { Queryable } from '../runtime/transaction.ts';
import type { EventStore, Snapshot } from './eventStore.ts';

const snapshotRow = z
  .object({
    stream_id: z.string(),
    version: z.int(),
    hash: z.instanceof(Buffer),
    incarnation: z.int(),
    state: z.string(),
  })
  .transform(({ stream_id, hash, ...row }): Snapshot & { readonly streamId: string } => ({
    ...row,
    streamId: stream_id,
    hash: hash.toString('hex'),
  }));

/** The part of the store that is its snapshots. */
export function snapshotsIn(
  database: Queryable,
): Pick<EventStore<never>, 'readSnapshots' | 'writeSnapshots'> {
  return {
    readSnapshots: (streamIds, version) => readSnapshotRows(database, streamIds, version),
    writeSnapshots: (snapshots, version) => writeSnapshotRows(database, snapshots, version),
  };
}

/**
 * The snapshots of the streams in this schema version of their state. The join is what makes them worth trusting: after
 * a restore, or a change by hand, the log may have another event at a snapshot's version, or none. Then its hash does
 * not match, and the stream is read as if it had no snapshot.
 */
async function readSnapshotRows(
  database: Queryable,
  streamIds: readonly string[],
  stateSchemaVersion: number,
): Promise<ReadonlyMap<string, Snapshot>> {
  if (streamIds.length === 0) return new Map();
  const rows = await queryRows(
    database,
    snapshotRow,
    `SELECT s.stream_id, s.version, s.hash, e.incarnation, s.state
      FROM snapshots AS s
      JOIN events AS e ON e.stream_id = s.stream_id AND e.version = s.version AND e.hash = s.hash
      WHERE s.stream_id IN (?) AND s.state_schema_version = ?`,
    [streamIds, stateSchemaVersion],
  );
  return new Map(rows.map(({ streamId, ...snapshot }) => [streamId, snapshot]));
}

/**
 * Replaces the streams' snapshots. Without a look at which is newer: of two owners the older one may write last, which
 * costs a few events more at the next read; and what is not of this log must not stay for having a higher version.
 * Throws a retryable AppError.
 */
async function writeSnapshotRows(
  database: Queryable,
  snapshots: ReadonlyMap<string, Snapshot>,
  stateSchemaVersion: number,
): Promise<void> {
  if (snapshots.size === 0) return;
  // In one order for all: two processes that write the same rows must not wait for each other in a circle.
  const rows = [...snapshots]
    .toSorted(([a], [b]) => (a < b ? -1 : 1))
    .map(([streamId, { version, hash, state }]) => [
      ...[streamId, version, Buffer.from(hash, 'hex'), stateSchemaVersion, state],
    ]);
  try {
    await database.query(
      `INSERT INTO snapshots (stream_id, version, hash, state_schema_version, state) VALUES ?
        ON DUPLICATE KEY UPDATE version = VALUES(version), hash = VALUES(hash),
          state_schema_version = VALUES(state_schema_version), state = VALUES(state)`,
      [rows],
    );
  } catch (error) {
    throw operationalError(error);
  }
}
