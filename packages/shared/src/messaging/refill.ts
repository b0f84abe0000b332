// A topic is sent again from the beginning of its publisher's log: through the database, so it needs no service that
// runs.
import type { Pool } from 'mysql2/promise';
import { z } from 'zod';
import { readLogHead } from '../eventstore/logHead.ts';
import { AppError } from '../runtime/appError.ts';
import { queryRows } from '../runtime/database.ts';
import { START } from './chain.ts';
import { MysqlRelayPositions } from './mysqlRelayPositions.ts';
import { rewindToStart } from './relayPositions.ts';
import { createMysqlTopicRecords } from './topic.ts';

/** What was recorded of a refill. */
export interface Refill {
  /** With its prefix. */
  readonly topic: string;
  /** Those that are sent again. */
  readonly partitions: readonly number[];
  /** Events in the publisher's log, from which the messages are made. */
  readonly eventCount: number;
  /** True if a process of the publisher leads now; otherwise the next one sends, when it starts. */
  readonly isPublisherRunning: boolean;
}

/**
 * Rewinds the relay of a topic to the start of the log, in all partitions or in one. The relay's epoch rises with it,
 * so a leader at work, whose cursors in memory are ahead, stores them no more: it reads the cursors again within a
 * second. What a consumer has handled already, it passes over as a repeat. Throws AppError 'topic_unknown' if the
 * schema of the pool never published to the topic, and RangeError if the topic has no such partition.
 */
export async function refillTopic(pool: Pool, topic: string, partition?: number): Promise<Refill> {
  const partitionCount = await createMysqlTopicRecords(pool).read(topic);
  if (partitionCount === undefined)
    throw new AppError(
      'topic_unknown',
      `${topic} was never made by this service: see TOPIC_PREFIX, and that the service has run once`,
      { retryable: false },
    );
  const positions = new MysqlRelayPositions(pool, topic, partitionCount);
  const head = await readLogHead(pool);
  if (partition === undefined) await rewindToStart(positions, partitionCount, head.incarnation);
  else await positions.rewind(partition, START, head.incarnation);
  const all = Array.from({ length: partitionCount }, (_, index) => index);
  return {
    topic,
    partitions: partition === undefined ? all : [partition],
    eventCount: head.position,
    isPublisherRunning: await isLed(pool),
  };
}

async function isLed(pool: Pool): Promise<boolean> {
  const sql = 'SELECT expires_at > UTC_TIMESTAMP(3) AS holds FROM relay_lease';
  const rows = await queryRows(pool, z.object({ holds: z.int() }), sql);
  return rows.some(({ holds }) => holds === 1);
}
