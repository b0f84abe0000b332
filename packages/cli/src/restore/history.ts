// What a restored schema must know beyond its rows: that it is a new incarnation, and what of the others' logs counts.
import type { Pool } from 'mysql2/promise';
import { z } from 'zod';
import { operationalError, queryRows } from '@orderflow/shared/runtime/database.ts';
import { tablesOf } from '../backup/dump.ts';
import type { Manifest } from '../backup/manifest.ts';
import type { DataService } from '../config.ts';
import { TRAFFIC } from '../kafkaAccess.ts';
import { REPLACED, staged } from './staging.ts';

/**
 * Ids that are passed over at a restore. Those that were given after the backup are known to clients: given again, a
 * client would order as somebody else. How many they were nobody knows once the database is gone.
 */
const SKIPPED_IDS = 1_000_000;

/** What was there before, as far as it still is. */
export interface Before {
  readonly incarnation: number;
  /** By name. */
  readonly counters: ReadonlyMap<string, number>;
}

/** Reads it from the database that is to be replaced. */
export async function readBefore(pool: Pool): Promise<Before> {
  const tables = await tablesOf(pool);
  // The second is there where a restore was broken off.
  const heads = ['log_head', `${REPLACED}log_head`].filter((name) => tables.includes(name));
  const incarnations = [0];
  for (const head of heads) {
    const schema = z.object({ incarnation: z.int() });
    const rows = await queryRows(pool, schema, 'SELECT incarnation FROM ??', [head]);
    incarnations.push(...rows.map(({ incarnation }) => incarnation));
  }
  const counters = tables.includes('counters')
    ? await queryRows(
        pool,
        z.object({ name: z.string(), last_id: z.int() }),
        'SELECT name, last_id FROM counters',
      )
    : [];
  return {
    incarnation: Math.max(...incarnations),
    counters: new Map(counters.map(({ name, last_id }) => [name, last_id])),
  };
}

/**
 * The incarnation after a restore: the time in seconds. One more than the backup's would not do: a second restore of the
 * same backup, when the first one's database is gone, would give the same number to another history, while messages of
 * the first still stand in Kafka. Where a clock is wrong, what is known of earlier incarnations still comes before it.
 */
export function newIncarnation(nowMs: number, known: readonly number[]): number {
  return Math.max(Math.floor(nowMs / 1_000), ...known.map((incarnation) => incarnation + 1));
}

/** Changes the loaded tables of a service, before they are put in place. */
export async function beginIncarnation(
  pool: Pool,
  service: DataService,
  { services, topicPrefix }: Manifest,
  incarnation: number,
  before: Before,
): Promise<void> {
  const change = async (sql: string, values: readonly unknown[]): Promise<void> => {
    await pool.query(sql, [...values]).catch((error: unknown) => {
      throw operationalError(error);
    });
  };
  await change('UPDATE ?? SET incarnation = ?', [staged('log_head'), incarnation]);
  // Everything is sent again: what Kafka has of it nobody knows. Consumers pass over what they have handled.
  await change('DELETE FROM ??', [staged('relay_cursors')]);
  await change(
    "UPDATE ?? SET owner = '', epoch = epoch + 1, expires_at = '2000-01-01 00:00:00.000'",
    [staged('relay_lease')],
  );
  for (const [name, lastId] of before.counters)
    await change(
      `INSERT INTO ?? (name, last_id) VALUES (?, ?)
        ON DUPLICATE KEY UPDATE last_id = GREATEST(last_id, VALUES(last_id))`,
      [staged('counters'), name, lastId],
    );
  await change('UPDATE ?? SET last_id = last_id + ?', [staged('counters'), SKIPPED_IDS]);
  await change('DELETE FROM ??', [staged('publisher_histories')]);
  const consumed = TRAFFIC.find((traffic) => traffic.service === service)?.consumes ?? [];
  for (const publisher of TRAFFIC.filter(({ publishes }) => consumed.includes(publishes))) {
    const kept = services[publisher.service].incarnations;
    const topic = `${topicPrefix}${publisher.publishes}`;
    for (const each of [...kept, { incarnation, lastPosition: 0 }])
      await change('INSERT INTO ?? (topic, incarnation, last_position) VALUES (?, ?, ?)', [
        ...[staged('publisher_histories'), topic, each.incarnation, each.lastPosition],
      ]);
  }
}
