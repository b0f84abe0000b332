// The tables `consumer_cursors` and `parked_messages`: how far a consumer is, and what it could not handle.
import type { QueryResult } from 'mysql2/promise';
import { z } from 'zod';
import { formatPlace, type LogHistory } from '../messaging/chain.ts';
import { duplicateKey, operationalError, queryRows } from '../runtime/database.ts';
import type { Queryable, Transaction } from '../runtime/transaction.ts';
import { ConflictError, type Cursor, type CursorMove, type ParkedMessage } from './eventStore.ts';

const cursorRowSchema = z.object({
  partition_id: z.int(),
  incarnation: z.int(),
  position: z.int(),
  part: z.int(),
  next_offset: z.string(),
});

/** A consumer's cursors in a topic, of these partitions; those never seen before are made at START. */
export async function readCursorRows(
  database: Queryable,
  consumer: string,
  topic: string,
  partitions: readonly number[],
): Promise<readonly Cursor[]> {
  if (partitions.length === 0) return [];
  const known = await selectCursors(database, consumer, topic, partitions);
  if (known.length === partitions.length) return known;
  // Made here and not by the first commit: two owners that both insert would wait for each other, not for the row.
  try {
    await database.query(
      `INSERT IGNORE INTO consumer_cursors
        (consumer, topic, partition_id, incarnation, position, part, next_offset) VALUES ?`,
      [partitions.map((partition) => [consumer, topic, partition, 0, 0, 0, 0])],
    );
  } catch (error) {
    throw operationalError(error);
  }
  return selectCursors(database, consumer, topic, partitions);
}

async function selectCursors(
  database: Queryable,
  consumer: string,
  topic: string,
  partitions: readonly number[],
): Promise<readonly Cursor[]> {
  const rows = await queryRows(
    database,
    cursorRowSchema,
    `SELECT partition_id, incarnation, position, part, CAST(next_offset AS CHAR) AS next_offset
      FROM consumer_cursors WHERE consumer = ? AND topic = ? AND partition_id IN (?)
      ORDER BY partition_id`,
    [consumer, topic, partitions],
  );
  const history = await readHistory(database, topic);
  return rows.map(({ partition_id, next_offset, ...place }) => ({
    topic,
    partition: partition_id,
    place,
    nextOffset: next_offset,
    ...(history === undefined ? {} : { history }),
  }));
}

/** What counts of the topic's earlier incarnations; undefined if its publisher was never restored. */
async function readHistory(database: Queryable, topic: string): Promise<LogHistory | undefined> {
  const rows = await queryRows(
    database,
    z.object({ incarnation: z.int(), last_position: z.int() }),
    'SELECT incarnation, last_position FROM publisher_histories WHERE topic = ?',
    [topic],
  );
  if (rows.length === 0) return undefined;
  return {
    newest: Math.max(...rows.map(({ incarnation }) => incarnation)),
    kept: new Map(rows.map((row) => [row.incarnation, row.last_position])),
  };
}

/** The moves in the order in which all transactions lock cursors. Moves of one cursor keep theirs. */
export function inLockOrder(moves: readonly CursorMove[]): readonly CursorMove[] {
  const name = ({ consumer, to }: CursorMove): string => `${consumer}\0${to.topic}`;
  return moves.toSorted((a, b) => {
    if (name(a) !== name(b)) return name(a) < name(b) ? -1 : 1;
    return a.to.partition - b.to.partition;
  });
}

/**
 * Moves each cursor by compare-and-set. A process that has lost its partition, but does not know it yet, still holds
 * the old place: its update finds no row, and with it the whole transaction fails. The offset is compared as well: a
 * transaction that only parks an unreadable record moves nothing else, and of two owners both would park it. When the
 * statement is sent it throws ConflictError 'cursor', which names all the cursors of its statement.
 */
export function moveCursors(transaction: Transaction, moves: readonly CursorMove[]): void {
  for (const together of inStatements(inLockOrder(moves))) {
    const use = (result: QueryResult): void => {
      // mysql2 counts the rows found (CLIENT_FOUND_ROWS), so a move to the same place is one row, too.
      if (!('affectedRows' in result) || result.affectedRows !== together.length)
        throw new ConflictError('cursor', namesOf(together));
    };
    transaction.later(...moveStatement(together), { use });
  }
}

/** Moves in lock order, those that one statement can make together: of one consumer and topic, each cursor once. */
function inStatements(moves: readonly CursorMove[]): readonly (readonly CursorMove[])[] {
  const statements: CursorMove[][] = [];
  for (const move of moves) {
    const last = statements.at(-1);
    const previous = last?.at(-1);
    const fits =
      previous?.consumer === move.consumer &&
      previous.to.topic === move.to.topic &&
      previous.to.partition < move.to.partition;
    if (fits) last?.push(move);
    else statements.push([move]);
  }
  return statements;
}

/**
 * The statement that moves cursors of one consumer and topic, each once: all partitions of a batch in one round trip.
 * The forced range over the primary key locks row after row in its order, as single statements would; READ COMMITTED
 * keeps no lock on a row that does not compare equal.
 */
export function moveStatement(moves: readonly CursorMove[]): [string, unknown[]] {
  const [first] = moves;
  const cases = `CASE partition_id ${'WHEN ? THEN ? '.repeat(moves.length)}END`;
  const compared =
    '(partition_id = ? AND incarnation = ? AND position = ? AND part = ? AND next_offset = ?)';
  const perPartition = (value: (to: Cursor) => unknown): unknown[] =>
    moves.flatMap(({ to }) => [to.partition, value(to)]);
  return [
    `UPDATE consumer_cursors FORCE INDEX (PRIMARY)
      SET incarnation = ${cases}, position = ${cases}, part = ${cases}, next_offset = ${cases}
      WHERE consumer = ? AND topic = ? AND partition_id IN (?)
      AND (${moves.map(() => compared).join(' OR ')})`,
    [
      ...perPartition(({ place }) => place.incarnation),
      ...perPartition(({ place }) => place.position),
      ...perPartition(({ place }) => place.part),
      ...perPartition(({ nextOffset }) => nextOffset),
      ...[first?.consumer, first?.to.topic, moves.map(({ to }) => to.partition)],
      ...moves.flatMap(({ from, fromOffset, to }) => [
        ...[to.partition, from.incarnation, from.position, from.part, fromOffset],
      ]),
    ],
  ];
}

/** All of them: which one has another owner is found by whoever decides what to do about it. */
function namesOf(moves: readonly CursorMove[]): string {
  return moves.map(({ consumer, to }) => cursorName(consumer, to)).join(', ');
}

/** `consumer/topic/partition`: how conflicts and logs name a cursor. */
export function cursorName(consumer: string, { topic, partition }: Cursor): string {
  return `${consumer}/${topic}/${partition}`;
}

/** Parks messages. Throws ConflictError 'row' if one is parked already. */
export async function insertParked(
  database: Queryable,
  parked: readonly ParkedMessage[],
): Promise<void> {
  if (parked.length === 0) return;
  try {
    await database.query(
      `INSERT INTO parked_messages (consumer, topic, partition_id, message_key,
        incarnation, position, part, value, reason, parked_at) VALUES ?`,
      [
        parked.map((message) => [
          message.consumer,
          message.topic,
          message.partition,
          message.key,
          message.place.incarnation,
          message.place.position,
          message.place.part,
          message.value,
          message.reason,
          message.parkedAt,
        ]),
      ],
    );
  } catch (error) {
    if (duplicateKey(error) === undefined) throw error;
    throw new ConflictError('row', 'parked_messages', { cause: error });
  }
}

/** `topic/key` of all keys of the consumer that have parked messages in the topic. */
export async function readParkedKeyRows(
  database: Queryable,
  consumer: string,
  topic: string,
): Promise<ReadonlySet<string>> {
  const rows = await queryRows(
    database,
    z.object({ message_key: z.string() }),
    'SELECT DISTINCT message_key FROM parked_messages WHERE consumer = ? AND topic = ?',
    [consumer, topic],
  );
  return new Set(rows.map((row) => `${topic}/${row.message_key}`));
}

/**
 * Whether every cursor stands where its last move put it. Waits for whoever still holds a cursor's lock, so that an
 * earlier transaction of this process has surely ended.
 */
export async function haveMoved(
  database: Queryable,
  moves: readonly CursorMove[],
): Promise<boolean> {
  const last = new Map(
    inLockOrder(moves).map((move) => [cursorName(move.consumer, move.to), move]),
  );
  for (const { consumer, to } of last.values()) {
    const rows = await queryRows(
      database,
      cursorRowSchema,
      `SELECT partition_id, incarnation, position, part, CAST(next_offset AS CHAR) AS next_offset
        FROM consumer_cursors WHERE consumer = ? AND topic = ? AND partition_id = ? FOR UPDATE`,
      [consumer, to.topic, to.partition],
    );
    const [row] = rows;
    if (row === undefined || formatPlace(row) !== formatPlace(to.place)) return false;
    // The place alone would prove a move that leaves it where it was, whether that was committed or not.
    if (row.next_offset !== to.nextOffset) return false;
  }
  return true;
}
