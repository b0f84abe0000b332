// The table `parked_messages` beyond parking: messages are read in order, leave it, or stay with an answer to a wish.
import type { QueryResult } from 'mysql2/promise';
import { z } from 'zod';
import { comparePlaces, START } from '../messaging/chain.ts';
import { queryRows } from '../runtime/database.ts';
import type { Queryable, Transaction } from '../runtime/transaction.ts';
import {
  ConflictError,
  type KeptMessage,
  type ParkedKey,
  type ParkedPlace,
  type Redrive,
  type Wish,
  type WishedMessage,
} from './eventStore.ts';

const COLUMNS = `consumer, topic, partition_id, message_key, incarnation, position, part, value, reason, parked_at, wish,
  answer`;

// Empty texts, not NULL: what MariaDB tells of a column that may be NULL is not what MySQL tells, and a schema is
// compared.
const wishSchema = z.enum(['retry', 'drop']);
const none = z.literal('').transform(() => null);

const placeRow = z.object({
  consumer: z.string(),
  topic: z.string(),
  partition_id: z.int(),
  message_key: z.string(),
  incarnation: z.int(),
  position: z.int(),
  part: z.int(),
});

function placeIn(row: z.output<typeof placeRow>): ParkedPlace & { readonly partition: number } {
  return {
    consumer: row.consumer,
    topic: row.topic,
    partition: row.partition_id,
    key: row.message_key,
    place: { incarnation: row.incarnation, position: row.position, part: row.part },
  };
}

const parkedRow = placeRow
  .extend({
    value: z.string(),
    reason: z.string(),
    parked_at: z.string(),
    wish: z.union([none, wishSchema]),
    answer: z.union([none, z.string()]),
  })
  .transform((row): KeptMessage => ({
    ...placeIn(row),
    value: row.value,
    reason: row.reason,
    parkedAt: row.parked_at,
    wish: row.wish,
    answer: row.answer,
  }));

/** The first messages of a key, in order, from a place on. */
export function readParkedRows(
  database: Queryable,
  { consumer, topic, key }: ParkedKey,
  limit: number,
  from = START,
): Promise<readonly KeptMessage[]> {
  return queryRows(
    database,
    parkedRow,
    `SELECT ${COLUMNS} FROM parked_messages WHERE consumer = ? AND topic = ? AND message_key = ?
      AND (incarnation, position, part) >= (?, ?, ?) ORDER BY incarnation, position, part LIMIT ?`,
    [consumer, topic, key, from.incarnation, from.position, from.part, limit],
  );
}

const wishedRow = placeRow
  .extend({ wish: wishSchema })
  .transform((row): WishedMessage => ({ ...placeIn(row), wish: row.wish }));

/** The messages of a consumer about which somebody wishes something, by topic, key and place. */
export function readWishRows(
  database: Queryable,
  consumer: string,
): Promise<readonly WishedMessage[]> {
  return queryRows(
    database,
    wishedRow,
    `SELECT consumer, topic, partition_id, message_key, incarnation, position, part, wish
      FROM parked_messages WHERE consumer = ? AND wish > ''
      ORDER BY topic, message_key, incarnation, position, part`,
    [consumer],
  );
}

/** Writes a wish at a message that is still parked; false if it is not. */
export async function writeWish(
  database: Queryable,
  { consumer, topic, key, place }: ParkedPlace,
  wish: Wish,
): Promise<boolean> {
  const [result] = await database.query(
    `UPDATE parked_messages SET wish = ?, answer = '' WHERE consumer = ? AND topic = ? AND message_key = ?
      AND incarnation = ? AND position = ? AND part = ?`,
    [wish, consumer, topic, key, place.incarnation, place.position, place.part],
  );
  return affectedBy(result) === 1;
}

/**
 * Removes messages of a key, and writes the answer at the one that stays. When the statements are sent: ConflictError
 * 'cursor' if one of them is not parked any more, or another wish stands at it now. Two processes that both take
 * themselves for the owner read the same messages and decide them both; the rows are the fence, since the second one
 * finds them gone.
 */
export function redriveParked(transaction: Transaction, redrive: Redrive): void {
  const { key, wish, removed, kept } = redrive;
  const subject = `${key.consumer}/${key.topic}/${key.key}`;
  const requireRows = (count: number) => ({
    use(result: QueryResult) {
      if (affectedBy(result) !== count) throw new ConflictError('cursor', subject);
    },
  });
  const ofKey = 'consumer = ? AND topic = ? AND message_key = ?';
  const keyValues = [key.consumer, key.topic, key.key];
  const place = '(incarnation = ? AND position = ? AND part = ?)';
  const placesOf = (places: readonly ParkedPlace['place'][]) =>
    places.flatMap(({ incarnation, position, part }) => [incarnation, position, part]);
  if (removed.length > 0)
    transaction.later(
      `DELETE FROM parked_messages WHERE ${ofKey} AND wish IN ('', ?)
        AND (${removed.map(() => place).join(' OR ')})`,
      [...keyValues, wish, ...placesOf(removed)],
      requireRows(removed.length),
    );
  if (kept !== undefined)
    transaction.later(
      `UPDATE parked_messages SET wish = ?, reason = ?, answer = ? WHERE ${ofKey} AND wish IN ('', ?)
        AND ${place}`,
      [
        ...[kept.wish ?? '', kept.reason, kept.answer ?? ''],
        ...[...keyValues, wish, ...placesOf([kept.place])],
      ],
      requireRows(1),
    );
}

/**
 * Whether what was redriven stands in the table, for a transaction that may have been committed or not: those that were
 * to leave are gone, or (where none was) the answer stands at the one that stayed. To be asked under the cursor's lock.
 */
export async function areRedriven(
  database: Queryable,
  redrives: readonly Redrive[],
): Promise<boolean> {
  for (const { key, removed, kept } of redrives) {
    const [place] = removed.length > 0 ? removed : kept === undefined ? [] : [kept.place];
    if (place === undefined) continue;
    const [found] = await readParkedRows(database, key, 1, place);
    const row = found !== undefined && comparePlaces(found.place, place) === 0 ? found : undefined;
    const isDone =
      removed.length > 0
        ? row === undefined
        : row?.wish === kept?.wish && row?.answer === kept?.answer && row?.reason === kept?.reason;
    if (!isDone) return false;
  }
  return true;
}

function affectedBy(result: QueryResult): number {
  return 'affectedRows' in result ? result.affectedRows : 0;
}

/** A key with parked messages. */
export interface ParkedSummary extends ParkedKey {
  readonly count: number;
  /** The one that the others wait behind. */
  readonly first: KeptMessage;
}

const summaryRow = z.object({
  consumer: z.string(),
  topic: z.string(),
  message_key: z.string(),
  message_count: z.int(),
});

/** Which parked keys are meant: those that are named alike in what is given. */
export type ParkedFilter = { readonly [Name in keyof ParkedKey]?: ParkedKey[Name] | undefined };

/** The parked keys of a schema, by consumer, topic and key, at most `limit`. */
export async function readParkedSummaries(
  database: Queryable,
  { consumer, topic, key }: ParkedFilter,
  limit: number,
): Promise<readonly ParkedSummary[]> {
  const named = Object.entries({ consumer, topic, message_key: key }).filter(
    ([, value]) => value !== undefined,
  );
  const rows = await queryRows(
    database,
    summaryRow,
    `SELECT consumer, topic, message_key, COUNT(*) AS message_count FROM parked_messages
      WHERE ${['TRUE', ...named.map(() => '?? = ?')].join(' AND ')}
      GROUP BY consumer, topic, message_key ORDER BY consumer, topic, message_key LIMIT ?`,
    [...named.flat(), limit],
  );
  const summaries: ParkedSummary[] = [];
  for (const { message_count: count, message_key, ...of } of rows) {
    const [first] = await readParkedRows(database, { ...of, key: message_key }, 1);
    // Redriven between the two questions: it is parked no longer.
    if (first !== undefined) summaries.push({ ...of, key: message_key, count, first });
  }
  return summaries;
}

/** What is left of a key. */
export interface ParkedRest {
  readonly count: number;
  /** Messages about which something is wished. */
  readonly wishedCount: number;
  readonly first: KeptMessage | undefined;
}

const restRow = z.object({ message_count: z.int(), wished_count: z.int() });

/** What is left of a key from a place on, without reading more than one value. */
export async function readParkedRest(
  database: Queryable,
  key: ParkedKey,
  from = START,
): Promise<ParkedRest> {
  const [row] = await queryRows(
    database,
    restRow,
    `SELECT COUNT(*) AS message_count, COUNT(NULLIF(wish, '')) AS wished_count FROM parked_messages
      WHERE consumer = ? AND topic = ? AND message_key = ? AND (incarnation, position, part) >= (?, ?, ?)`,
    [key.consumer, key.topic, key.key, from.incarnation, from.position, from.part],
  );
  const [first] = await readParkedRows(database, key, 1, from);
  return { count: row?.message_count ?? 0, wishedCount: row?.wished_count ?? 0, first };
}
