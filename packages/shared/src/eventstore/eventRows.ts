// The table `events`: read by stream and by position. How it is written: appendEvents.ts.
import { z } from 'zod';
import { queryRows } from '../runtime/database.ts';
import type { Queryable } from '../runtime/transaction.ts';
import type { DomainEvent } from './decider.ts';
import type { EventCodec, RecordedEvent, StreamRange } from './eventStore.ts';
import { findBrokenLink } from './hashChain.ts';
import type { PlacedEvent, Predecessor } from './placing.ts';

const hashColumn = z.instanceof(Buffer).transform((bytes) => bytes.toString('hex'));

const storedRowSchema = z.object({
  incarnation: z.int(),
  position: z.int(),
  stream_id: z.string(),
  version: z.int(),
  type: z.string(),
  schema_version: z.int(),
  data: z.string(),
  metadata: z.string(),
  hash: hashColumn,
});
type StoredRow = z.infer<typeof storedRowSchema>;

const metadataSchema = z
  .object({
    correlationId: z.string(),
    causationId: z.string(),
    traceparent: z.string().exactOptional(),
  })
  .readonly();

/** The columns of an event, in the order in which it is read and written. */
export const EVENT_COLUMNS =
  'incarnation, position, stream_id, version, type, schema_version, data, metadata, hash';

/** Turns a row's JSON texts back into an event. Throws if the codec does not know them. */
export function parseStored<Event extends DomainEvent>(
  row: Pick<StoredRow, 'type' | 'schema_version' | 'data' | 'metadata'>,
  codec: EventCodec<Event>,
): Pick<RecordedEvent<Event>, 'event' | 'metadata' | 'schemaVersion'> {
  const data: unknown = JSON.parse(row.data);
  return {
    event: codec.parse(row.type, row.schema_version, data),
    metadata: metadataSchema.parse(JSON.parse(row.metadata)),
    schemaVersion: row.schema_version,
  };
}

function toRecorded<Event extends DomainEvent>(
  row: StoredRow,
  codec: EventCodec<Event>,
): RecordedEvent<Event> {
  const { incarnation, position, version, hash } = row;
  return {
    incarnation,
    position,
    streamId: row.stream_id,
    version,
    hash,
    ...parseStored(row, codec),
  };
}

/** Events of the streams, or of a range of each, as `EventStore.readStreams` says. */
export async function readStreamEvents<Event extends DomainEvent>(
  database: Queryable,
  codec: EventCodec<Event>,
  streamIds: readonly string[],
  { after, limit }: StreamRange = {},
): Promise<ReadonlyMap<string, readonly RecordedEvent<Event>[]>> {
  if (streamIds.length === 0) return new Map();
  const begun = streamIds.flatMap((streamId) => {
    const version = after?.get(streamId) ?? 0;
    return version > 0 ? [[streamId, version] as const] : [];
  });
  const inMiddle = new Set(begun.map(([streamId]) => streamId));
  const whole = streamIds.filter((streamId) => !inMiddle.has(streamId));
  const rows = await queryRows(
    database,
    storedRowSchema,
    // Forced: begun in the middle of a long stream, the read must not touch its beginning.
    `SELECT ${EVENT_COLUMNS} FROM events FORCE INDEX (uq_events_stream_version)
      WHERE stream_id IN (?)${' OR (stream_id = ? AND version > ?)'.repeat(begun.length)}
      ORDER BY stream_id, version${limit === undefined ? '' : ' LIMIT ?'}`,
    [whole.length > 0 ? whole : [''], ...begun.flat(), ...(limit === undefined ? [] : [limit])],
  );
  return Map.groupBy(
    rows.map((row) => toRecorded(row, codec)),
    (event) => event.streamId,
  );
}

/**
 * At most `limit` events after a position. What is committed has no gaps (that is what the log head is for), so a gap
 * here means that someone has damaged the log: throws rather than skip.
 */
export async function readLogEvents<Event extends DomainEvent>(
  database: Queryable,
  codec: EventCodec<Event>,
  after: number,
  limit: number,
): Promise<readonly RecordedEvent<Event>[]> {
  const rows = await queryRows(
    database,
    storedRowSchema,
    `SELECT ${EVENT_COLUMNS} FROM events WHERE position > ? ORDER BY position LIMIT ?`,
    [after, limit],
  );
  for (const [index, { position }] of rows.entries()) {
    if (position !== after + 1 + index)
      throw new Error(
        `The log has no event at position ${after + 1 + index}, but one at ${position}`,
      );
  }
  return rows.map((row) => toRecorded(row, codec));
}

/** The current version of each stream; streams without events are absent. */
export async function readStreamVersions(
  database: Queryable,
  streamIds: readonly string[],
): Promise<ReadonlyMap<string, number>> {
  if (streamIds.length === 0) return new Map();
  const rows = await queryRows(
    database,
    z.object({ stream_id: z.string(), version: z.int() }),
    'SELECT stream_id, MAX(version) AS version FROM events WHERE stream_id IN (?) GROUP BY stream_id',
    [streamIds],
  );
  return new Map(rows.map(({ stream_id, version }) => [stream_id, version]));
}

/**
 * Version and last hash of each stream that has events. Call it under the log head's lock: nobody can append until
 * this transaction ends, so what it gives still holds at the commit. (Both servers answer the inner query by jumping
 * through the unique index, one row a stream, however long the stream is.)
 */
export async function readStreamHeads(
  database: Queryable,
  streamIds: readonly string[],
): Promise<ReadonlyMap<string, Predecessor>> {
  if (streamIds.length === 0) return new Map();
  const rows = await queryRows(
    database,
    z.object({ stream_id: z.string(), version: z.int(), hash: hashColumn }),
    `SELECT e.stream_id, e.version, e.hash
      FROM (SELECT stream_id, MAX(version) AS version FROM events
        WHERE stream_id IN (?) GROUP BY stream_id) AS heads
      JOIN events AS e ON e.stream_id = heads.stream_id AND e.version = heads.version`,
    [streamIds],
  );
  return new Map(rows.map(({ stream_id, version, hash }) => [stream_id, { version, hash }]));
}

/** Whether the events stand in the log at their positions, byte for byte as they were placed. */
export async function areInLog(
  database: Queryable,
  placed: readonly PlacedEvent<DomainEvent>[],
): Promise<boolean> {
  const rows = await queryRows(
    database,
    z.object({ position: z.int(), hash: hashColumn }),
    'SELECT position, hash FROM events WHERE position IN (?)',
    [placed.map(({ recorded }) => recorded.position)],
  );
  const hashes = new Map(rows.map(({ position, hash }) => [position, hash]));
  return placed.every(({ recorded }) => hashes.get(recorded.position) === recorded.hash);
}

/** Recomputes the hashes of a stream from its stored bytes. Gives the version where they stop to match, if any. */
export async function verifyHashChain(
  database: Queryable,
  streamId: string,
): Promise<{ readonly version: number } | undefined> {
  const rows = await queryRows(
    database,
    storedRowSchema,
    `SELECT ${EVENT_COLUMNS} FROM events WHERE stream_id = ? ORDER BY version`,
    [streamId],
  );
  return findBrokenLink(
    rows.map(({ stream_id, schema_version, ...row }) => ({
      ...row,
      streamId: stream_id,
      schemaVersion: schema_version,
    })),
  );
}
