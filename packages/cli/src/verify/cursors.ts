// The rows of a database that say how far its service is: its relay's cursors, its consumer's, and what it has parked.
import type { RowDataPacket } from 'mysql2/promise';
import { z } from 'zod';
import type { LogHistory, Place } from '@orderflow/shared/messaging/chain.ts';
import type { RelayCursor } from '@orderflow/shared/messaging/relayPositions.ts';
import type { Snapshot } from '../cut.ts';
import type { Reader } from './rawEvents.ts';

const place = { incarnation: z.int(), position: z.int(), part: z.int() };

/** A cursor, or what is parked, as it is stored. */
export interface StoredCursor {
  readonly topic: string;
  readonly partition: number;
  readonly place: Place;
}

/** A consumer's cursor with the offset from which its partition is read on. */
export interface ConsumerCursor extends StoredCursor {
  readonly nextOffset: bigint;
}

/** A message that was put aside. */
export interface ParkedRow extends StoredCursor {
  readonly key: string;
  readonly reason: string;
  /** SHA-256 of the record's value, hex. */
  readonly valueHash: string;
}

/** How far a service is. */
export interface ServiceCursors {
  /** The topics that it publishes to, with their partition counts. */
  readonly topics: ReadonlyMap<string, number>;
  readonly relay: readonly (RelayCursor & { readonly topic: string })[];
  readonly consumer: readonly ConsumerCursor[];
  readonly parked: readonly ParkedRow[];
  /** By topic: what its consumer knows of a restore of the publisher. */
  readonly histories: ReadonlyMap<string, LogHistory>;
}

/** Reads them. */
export async function readCursors(reader: Reader, consumer: string): Promise<ServiceCursors> {
  const topics = await read(
    reader,
    z.object({ topic: z.string(), partition_count: z.int() }),
    'SELECT topic, partition_count FROM topics',
  );
  const relay = await read(
    reader,
    z.object({ topic: z.string(), partition_id: z.int(), ...place, scanned_position: z.int() }),
    `SELECT topic, partition_id, incarnation, position, part, scanned_position
      FROM relay_cursors ORDER BY topic, partition_id`,
  );
  const cursor = z.object({ topic: z.string(), partition_id: z.int(), ...place });
  const consumed = await read(
    reader,
    cursor.extend({ next_offset: z.string() }),
    `SELECT topic, partition_id, incarnation, position, part, CAST(next_offset AS CHAR) AS next_offset
      FROM consumer_cursors WHERE consumer = ? ORDER BY topic, partition_id`,
    [consumer],
  );
  const parked = await read(
    reader,
    cursor.extend({ message_key: z.string(), reason: z.string(), value_hash: z.string() }),
    `SELECT topic, partition_id, incarnation, position, part, message_key, reason,
      SHA2(value, 256) AS value_hash FROM parked_messages
      WHERE consumer = ? ORDER BY topic, message_key, incarnation, position, part`,
    [consumer],
  );
  const histories = await read(
    reader,
    z.object({ topic: z.string(), incarnation: z.int(), last_position: z.int() }),
    'SELECT topic, incarnation, last_position FROM publisher_histories',
  );
  return {
    histories: historiesOf(histories),
    topics: new Map(topics.map(({ topic, partition_count }) => [topic, partition_count])),
    relay: relay.map((row) => ({ ...stored(row), scannedPosition: row.scanned_position })),
    consumer: consumed.map((row) => ({ ...stored(row), nextOffset: BigInt(row.next_offset) })),
    parked: parked.map((row) => ({
      ...stored(row),
      ...{ key: row.message_key, reason: row.reason, valueHash: row.value_hash },
    })),
  };
}

/**
 * True if a process led the relay when the snapshot was opened: what is stored of its cursors is a copy then, which it
 * overwrites within a second. A leader renews its lease all the time, but the snapshot keeps the one that it has seen: by
 * the clock of a query that comes later, on a slow machine, nobody would lead.
 */
export async function isRelayLed({
  connection,
  openedAt,
}: Pick<Snapshot, 'connection' | 'openedAt'>): Promise<boolean> {
  const leases = await read(
    connection,
    z.object({ holds: z.int() }),
    "SELECT owner <> '' AND expires_at > CAST(? AS DATETIME(3)) AS holds FROM relay_lease",
    [openedAt],
  );
  return leases.some(({ holds }) => holds === 1);
}

function stored(row: { topic: string; partition_id: number } & Place): StoredCursor {
  const { topic, partition_id: partition, incarnation, position, part } = row;
  return { topic, partition, place: { incarnation, position, part } };
}

function historiesOf(
  rows: readonly { topic: string; incarnation: number; last_position: number }[],
): ReadonlyMap<string, LogHistory> {
  const byTopic = new Map<string, LogHistory>();
  for (const { topic, incarnation, last_position } of rows) {
    const { newest, kept } = byTopic.get(topic) ?? { newest: 0, kept: new Map<number, number>() };
    byTopic.set(topic, {
      newest: Math.max(newest, incarnation),
      kept: new Map([...kept, [incarnation, last_position]]),
    });
  }
  return byTopic;
}

async function read<T>(
  reader: Reader,
  schema: z.ZodType<T>,
  sql: string,
  values: readonly unknown[] = [],
): Promise<T[]> {
  const [rows] = await reader.query<RowDataPacket[]>(sql, [...values]);
  return z.array(schema).parse(rows);
}
