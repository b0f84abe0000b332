// How events get into the log: behind the positions that were taken for them, or together with taking foreseen ones.
// Text protocol, not prepared statements: for batches of any size it was as fast (15 µs a row at 100 and 500 rows),
// and it needs no fixed shapes, which would otherwise fill the server's cache of prepared statements.
import mysql from 'mysql2';
import { AppError } from '../runtime/appError.ts';
import { duplicateKey, isNullRefused } from '../runtime/database.ts';
import type { Transaction } from '../runtime/transaction.ts';
import type { DomainEvent } from './decider.ts';
import { EVENT_COLUMNS } from './eventRows.ts';
import { ConflictError } from './eventStore.ts';
import { HeadMovedError, type LogPlace } from './logHead.ts';
import type { PlacedEvent } from './placing.ts';

/** Gives each version of a stream to one event. */
export const EVENTS_KEY = 'uq_events_stream_version';

/** A statement's size in bytes of JSON; MariaDB's max_allowed_packet is 16 MiB by default. */
const MAX_STATEMENT_BYTES = 4_194_304;

/**
 * Writes the events at their place, with the next packet of the transaction. Then: ConflictError 'version' when another
 * writer has begun a stream first, HeadMovedError when one has taken the positions that were foreseen; AppError
 * 'log_head_behind' when a position that was taken is an event's already, which no race can bring about.
 *
 * The race at a foreseen place: another process appends first, or takes this append for lost and raises the fence. Then
 * the UPDATE, which compares, finds no row, and the INSERT right behind it gets NULL for its first position, which no position may be: nothing is written. That this NULL
 * is an error in every INSERT, of many rows too, is what the session's strict mode is for.
 */
export function appendEvents(
  transaction: Transaction,
  placed: readonly PlacedEvent<DomainEvent>[],
  place: LogPlace,
): void {
  const isForeseen = place.fence !== undefined;
  if (isForeseen) takeForeseen(transaction, place, placed.length);
  let values: unknown[][] = [];
  let bytes = 0;
  for (const [index, { recorded, stored }] of placed.entries()) {
    const { position } = recorded;
    values.push([
      recorded.incarnation,
      isForeseen && index === 0 ? onlyIfTaken(position) : position,
      recorded.streamId,
      recorded.version,
      stored.type,
      stored.schemaVersion,
      stored.data,
      stored.metadata,
      Buffer.from(recorded.hash, 'hex'),
    ]);
    bytes += stored.data.length + stored.metadata.length;
    if (bytes < MAX_STATEMENT_BYTES) continue;
    insertRows(transaction, values, isForeseen);
    values = [];
    bytes = 0;
  }
  if (values.length > 0) insertRows(transaction, values, isForeseen);
}

function takeForeseen(transaction: Transaction, place: LogPlace, count: number): void {
  transaction.later(
    `UPDATE log_head SET last_position = last_position + ?
      WHERE id = 1 AND incarnation = ? AND last_position = ? AND fence = ?`,
    [count, place.incarnation, place.firstPosition - 1, place.fence],
  );
}

/** A value of the statement right behind the UPDATE. */
function onlyIfTaken(position: number): unknown {
  return mysql.raw(`IF(ROW_COUNT() = 1, ${position}, NULL)`);
}

function insertRows(
  transaction: Transaction,
  values: readonly unknown[][],
  isForeseen: boolean,
): void {
  transaction.later(`INSERT INTO events (${EVENT_COLUMNS}) VALUES ?`, [values], {
    meaning: (error) => whoWasFirst(error, isForeseen),
  });
}

function whoWasFirst(error: unknown, isForeseen: boolean): unknown {
  if (isForeseen && isNullRefused(error))
    return new HeadMovedError('Another process has appended first');
  const duplicate = duplicateKey(error);
  // Behind a foreseen place it may be a read model's: they share a packet.
  if (duplicate?.key === 'PRIMARY')
    return isForeseen ? new ConflictError('row', 'events') : headBehind(error);
  if (duplicate?.key !== EVENTS_KEY) return error;
  // The entry is 'stream-version'.
  return new ConflictError('version', duplicate.entry.replace(/-\d+$/, ''), { cause: error });
}

function headBehind(cause: unknown): AppError {
  return new AppError(
    'log_head_behind',
    'log_head gives a position that an event has already: the two were put back to different states. Set last_position to the highest position in events, and raise the incarnation',
    { retryable: true, cause },
  );
}
