// A topic's name is part of every cursor: a schema that has begun under one TOPIC_PREFIX stays with it.
import type { Pool } from 'mysql2/promise';
import { z } from 'zod';
import { AppError } from '../runtime/appError.ts';
import { queryRows } from '../runtime/database.ts';

/** Topics of one service, without their prefix, and the prefix that is set now. */
export interface TopicNames {
  readonly prefix: string;
  /** The name of its consumer's cursors. */
  readonly consumer: string;
  readonly published: string;
  readonly consumed: readonly string[];
}

/**
 * Throws AppError 'topic_renamed' (not retryable) when the schema knows one of the topics under another prefix and not
 * under the present one. The relay would publish the whole log again under the new name, and the consumer, whose cursor
 * there is at START, would handle each old message once more: every order that was ever placed would be reserved again,
 * and nothing would look like an error. To be called before anything is published or read.
 */
export async function requireSameTopics(pool: Pool, names: TopicNames): Promise<void> {
  const { prefix, consumer, published, consumed } = names;
  const row = z.object({ topic: z.string() });
  const made = await queryRows(pool, row, 'SELECT topic FROM topics', []);
  const cursors = 'SELECT DISTINCT topic FROM consumer_cursors WHERE consumer = ?';
  const read = await queryRows(pool, row, cursors, [consumer]);
  requirePrefix(prefix, published, made);
  for (const topic of consumed) requirePrefix(prefix, topic, read);
}

function requirePrefix(
  prefix: string,
  topic: string,
  rows: readonly { readonly topic: string }[],
): void {
  const known = rows.map((row) => row.topic).filter((name) => name.endsWith(topic));
  const [other] = known;
  if (other === undefined || known.includes(`${prefix}${topic}`)) return;
  throw new AppError(
    'topic_renamed',
    `This schema knows the topic ${topic} as ${other}, and TOPIC_PREFIX makes it ${prefix}${topic} now: all of its ` +
      'messages would be sent and handled again, and each old order would be decided once more. ' +
      `Set TOPIC_PREFIX to "${other.slice(0, -topic.length)}" again; another prefix needs empty schemas.`,
    { retryable: false },
  );
}
