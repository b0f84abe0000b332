// A topic is made by its owner, with a partition count that is recorded and never changes.
import type { Pool } from 'mysql2/promise';
import { z } from 'zod';
import { AppError } from '../runtime/appError.ts';
import { operationalError, queryRows } from '../runtime/database.ts';
import type { Logger } from '../runtime/logger.ts';
import type { MessageBroker } from './transport.ts';

/** Where partition counts are recorded. */
export interface TopicRecords {
  /** The count recorded for a topic; undefined when it was never made. */
  read(topic: string): Promise<number | undefined>;
  /** Records a count if none is yet. */
  record(topic: string, partitionCount: number): Promise<void>;
}

/** A topic as its owner wants it, if it does not exist yet. */
export interface TopicSettings {
  readonly topic: string;
  readonly partitionCount: number;
  readonly replicationFactor: number;
}

/** What seeing to a topic needs. */
export interface TopicDeps {
  readonly broker: Pick<MessageBroker, 'partitionCount' | 'createTopic'>;
  readonly records: TopicRecords;
  /** Has the relay send everything again from the beginning of the log; resolves when that is recorded. */
  readonly rewindAll: (partitionCount: number) => Promise<void>;
  readonly logger: Logger;
}

/** The records in the owner's schema. */
export function createMysqlTopicRecords(pool: Pool): TopicRecords {
  return {
    async read(topic) {
      const sql = 'SELECT partition_count FROM topics WHERE topic = ?';
      const rows = await queryRows(pool, z.object({ partition_count: z.int() }), sql, [topic]);
      return rows[0]?.partition_count;
    },
    async record(topic, partitionCount) {
      const sql = 'INSERT IGNORE INTO topics (topic, partition_count) VALUES (?, ?)';
      await pool.query(sql, [topic, partitionCount]).catch((error: unknown) => {
        throw operationalError(error);
      });
    },
  };
}

/**
 * Sees to it that the topic exists with the recorded partition count, and says how many partitions that are. The
 * settings count only when the topic is made for the first time. Throws AppError 'topic_partitions_differ' (not
 * retryable) when Kafka has another count: keys would be in other partitions than before, and order per key is lost.
 */
export async function ensureTopic(deps: TopicDeps, settings: TopicSettings): Promise<number> {
  const { topic, replicationFactor } = settings;
  const recorded = await deps.records.read(topic);
  const wanted = recorded ?? settings.partitionCount;
  const found = await deps.broker.partitionCount(topic);
  if (found === undefined) {
    if (recorded !== undefined) {
      deps.logger.error(
        { topic, partitionCount: wanted },
        'the topic was lost: it is made again, and everything in it is sent again',
      );
      // Before it is made: a process that dies or fails between the two has found the topic missing, and so will the
      // next one. The other way round nobody would see any more that it had been lost, and a consumer that has handled
      // nothing yet takes an empty topic for a new one. Any replica may do it, since a rewind raises the epoch: the
      // leader finds that out at its next save.
      await deps.rewindAll(wanted);
    }
    // Another replica may make it at the same moment; the count is compared afterwards, so either one may win.
    await deps.broker.createTopic(topic, wanted, replicationFactor);
    // And after it: since we looked, another replica may have made, recorded and filled the topic, and it may have been
    // lost again. Then the one that we have made is empty, and no record that we have read says so. For a topic that
    // is new this changes nothing, and where a replica has begun to fill it, it repeats what it has sent.
    await deps.rewindAll(wanted);
    requireCount(topic, wanted, await deps.broker.partitionCount(topic), recorded !== undefined);
  } else requireCount(topic, wanted, found, recorded !== undefined);
  if (recorded === undefined) await deps.records.record(topic, wanted);
  return wanted;
}

function requireCount(
  topic: string,
  wanted: number,
  found: number | undefined,
  recorded: boolean,
): void {
  if (found === wanted) return;
  const told = recorded
    ? `${wanted} were recorded when it was made`
    : `${wanted} are set (TOPIC_PARTITIONS)`;
  throw new AppError(
    'topic_partitions_differ',
    `Topic ${topic} has ${found ?? 'no'} partitions, ${told}: keys would move, and their order would be lost. ` +
      (recorded
        ? `Delete the topic and start again: it is made with ${wanted} partitions and filled again from the event log.`
        : `Set TOPIC_PARTITIONS to ${found ?? wanted}, or, while all schemas are still empty, choose another TOPIC_PREFIX.`),
    { retryable: found === undefined },
  );
}
