// Others' events for the rebuild of what a service keeps of them: from the publisher's log, up to what its consumer
// has handled.
import type { Pool } from 'mysql2/promise';
import { z } from 'zod';
import type { DomainEvent } from '../eventstore/decider.ts';
import type { EventCodec } from '../eventstore/eventStore.ts';
import { readLogEvents } from '../eventstore/eventRows.ts';
import { FOLD_PAGE_EVENTS, type FoldSource } from '../eventstore/foldSource.ts';
import { readLogHead } from '../eventstore/logHead.ts';
import { AppError } from '../runtime/appError.ts';
import { queryRows } from '../runtime/database.ts';
import type { Queryable } from '../runtime/transaction.ts';
import { comparePlaces, formatPlace, START, type Place } from './chain.ts';
import { partitionOf } from './murmur2.ts';
import { UNREADABLE_KEY } from './openBatch.ts';
import type { ToMessages } from './relayBatch.ts';

/** Who reads which topic, and whose log it is filled from. */
export interface FactSourceOptions {
  /** The publisher's schema. */
  readonly publisher: Pool;
  readonly codec: EventCodec<DomainEvent>;
  readonly toMessages: ToMessages<DomainEvent>;
  /** With its prefix. */
  readonly topic: string;
  readonly partitionCount: number;
  readonly consumer: string;
}

/** A message of the log that the consumer has not handled yet: it has not come to it, or has parked it. */
interface Pending {
  readonly fact: DomainEvent;
  readonly partition: number;
  readonly place: Place;
}

interface FactProgress {
  /** The publisher's log is read up to here. */
  readonly scanned: number;
  /** Of what was read, what was not handled then; in log order. */
  readonly pending: readonly Pending[];
}

interface FactTarget {
  readonly places: ReadonlyMap<number, Place>;
  /** Behind their cursors, and not handled all the same. */
  readonly parked: ReadonlySet<string>;
  /** The publisher's log then: it has all that the cursors have passed. */
  readonly head: number;
}

/** Messages that are in the log and not handled are kept in mind, so many at most. */
const PENDING_LIMIT = 100_000;

/**
 * The messages that a consumer has handled: in each partition those up to its cursor, but for those that are parked.
 * Facts are folded in the transaction that moves the cursor, and every one of them names its cursor first, so whoever
 * holds all cursors of the topic knows that none is half way through. Throws AppError 'consumer_lags' (not retryable)
 * when it is too far behind.
 */
export function factSource(options: FactSourceOptions): FoldSource<FactProgress, FactTarget> {
  const { publisher, codec, topic, consumer } = options;
  return {
    start: { scanned: 0, pending: [] },
    async target(database) {
      const places = await readPlaces(database, consumer, topic);
      const parked = await readParkedPlaces(database, consumer, topic);
      // After the cursors: what they have passed was in the log before.
      return { places, parked, head: (await readLogHead(publisher)).position };
    },
    async next({ scanned, pending }, target) {
      const limit = Math.min(target.head - scanned, FOLD_PAGE_EVENTS);
      const events = limit > 0 ? await readLogEvents(publisher, codec, scanned, limit) : [];
      const known = [...pending, ...events.flatMap((event) => messagesOf(event, options))];
      const isHandled = ({ partition, place }: Pending): boolean =>
        comparePlaces(place, target.places.get(partition) ?? START) <= 0 &&
        !target.parked.has(formatPlace(place));
      const left = known.filter((message) => !isHandled(message));
      if (left.length > PENDING_LIMIT) throw lagging(consumer, topic);
      return {
        events: known.filter(isHandled).map(({ fact }) => fact),
        progress: { scanned: scanned + events.length, pending: left },
        isLast: scanned + events.length >= target.head,
      };
    },
    async lockBeforeRows(database) {
      await readPlaces(database, consumer, topic, 'FOR UPDATE');
    },
    lockAfterRows: () => Promise.resolve(),
    describe: ({ places }) => {
      const last = [...places.values()].reduce((most, { position }) => Math.max(most, position), 0);
      return `the cursors of ${consumer} in ${topic} (the furthest at position ${last} of its publisher's log)`;
    },
  };
}

function messagesOf(
  recorded: Parameters<ToMessages<DomainEvent>>[0],
  { toMessages, partitionCount }: FactSourceOptions,
): readonly Pending[] {
  const { incarnation, position } = recorded;
  return toMessages(recorded).map(({ key, type, data }, part) => ({
    fact: { type, data },
    partition: partitionOf(key, partitionCount),
    place: { incarnation, position, part },
  }));
}

const placeRow = z.object({
  partition_id: z.int(),
  incarnation: z.int(),
  position: z.int(),
  part: z.int(),
});

async function readPlaces(
  database: Queryable,
  consumer: string,
  topic: string,
  lock: '' | 'FOR UPDATE' = '',
): Promise<ReadonlyMap<number, Place>> {
  const rows = await queryRows(
    database,
    placeRow,
    `SELECT partition_id, incarnation, position, part FROM consumer_cursors
      WHERE consumer = ? AND topic = ? ORDER BY partition_id ${lock}`,
    [consumer, topic],
  );
  return new Map(rows.map(({ partition_id, ...place }) => [partition_id, place]));
}

async function readParkedPlaces(
  database: Queryable,
  consumer: string,
  topic: string,
): Promise<ReadonlySet<string>> {
  const rows = await queryRows(
    database,
    placeRow.omit({ partition_id: true }),
    `SELECT incarnation, position, part FROM parked_messages
      WHERE consumer = ? AND topic = ? AND message_key <> ? LIMIT ?`,
    [consumer, topic, UNREADABLE_KEY, PENDING_LIMIT + 1],
  );
  return new Set(rows.map(formatPlace));
}

function lagging(consumer: string, topic: string): AppError {
  return new AppError(
    'consumer_lags',
    `${consumer} has not handled more than ${PENDING_LIMIT} messages of ${topic} (parked ones among them): let it catch up first`,
    { retryable: false },
  );
}
