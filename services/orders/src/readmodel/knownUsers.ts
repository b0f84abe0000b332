// Which users orders has heard of, from the users service's events.
import { EntitySchema } from 'typeorm';
import { z } from 'zod';
import { userIdSchema, type UserId } from '@orderflow/shared/contracts/ids.ts';
import { usersMessageSchemas, type UsersMessage } from '@orderflow/shared/contracts/users.ts';
import { projectionOf } from '@orderflow/shared/eventstore/projectionOf.ts';
import type { ReadModelTable } from '@orderflow/shared/eventstore/projection.ts';
import { queryRows } from '@orderflow/shared/runtime/database.ts';
import type { Queryable } from '@orderflow/shared/runtime/transaction.ts';

const knownUsersTable: ReadModelTable = {
  name: 'known_users',
  key: ['user_id'],
  columns: ['user_id', 'registered_at'],
};

export const knownUsersEntity = new EntitySchema({
  name: 'known_users',
  columns: {
    user_id: { type: 'bigint', unsigned: true, primary: true },
    registered_at: { type: 'char', length: 24 },
  },
});

/** Folds registrations into `known_users`. */
export const knownUsersProjection = projectionOf<UsersMessage>(usersMessageSchemas, {
  name: 'known_users',
  tables: [knownUsersTable],
  rowsOf: ({ data }) => [{ table: knownUsersTable.name, key: [data.userId] }],
  apply({ data: { userId, at } }, rows) {
    rows.put(knownUsersTable.name, { user_id: userId, registered_at: at });
  },
});

/** What can be asked about users. */
export interface KnownUserQueries {
  /** Those of the users that orders has heard of. */
  findKnown(userIds: readonly UserId[]): Promise<ReadonlySet<UserId>>;
}

/** The queries on the service's own database. Each throws a retryable AppError when it cannot be reached. */
export function createKnownUserQueries(database: Queryable): KnownUserQueries {
  return {
    async findKnown(userIds) {
      const sql = 'SELECT user_id FROM known_users WHERE user_id IN (?)';
      const rows = await queryRows(database, knownUserRow, sql, [userIds]);
      return new Set(rows.map((row) => row.user_id));
    },
  };
}

const knownUserRow = z.object({ user_id: userIdSchema });

/** Whether orders has heard of a user. */
export interface KnownUsers {
  /** Throws a retryable AppError when the database cannot be reached. */
  has(userId: UserId): Promise<boolean>;
}

/** Users in one query, and users remembered, at most. */
const QUERY_LIMIT = 1_000;
const REMEMBERED_LIMIT = 100_000;

interface Asked {
  readonly userId: UserId;
  readonly resolve: (known: boolean) => void;
  readonly reject: (error: unknown) => void;
}

/**
 * Asks for many users together: whoever is asked for while a query is under way goes into the next one. Users that were
 * found are remembered (nobody is un-registered; were it so, the cache had to hear of it), others are not: they may come.
 */
export function createKnownUsers(
  queries: KnownUserQueries,
  rememberedLimit = REMEMBERED_LIMIT,
): KnownUsers {
  const remembered = new Set<UserId>();
  const waiting: Asked[] = [];
  let asking = false;

  async function ask(batch: readonly Asked[]): Promise<void> {
    try {
      const known = await queries.findKnown([...new Set(batch.map(({ userId }) => userId))]);
      for (const userId of known) remember(userId);
      for (const { userId, resolve } of batch) resolve(known.has(userId));
    } catch (error) {
      for (const { reject } of batch) reject(error);
    }
  }

  function remember(userId: UserId): void {
    remembered.add(userId);
    // A Set keeps its order, so the first is the oldest.
    for (const oldest of remembered) {
      if (remembered.size <= rememberedLimit) return;
      remembered.delete(oldest);
    }
  }

  async function askAll(): Promise<void> {
    asking = true;
    // The orders of one chunk all ask before the first query goes out.
    await Promise.resolve();
    while (waiting.length > 0) await ask(waiting.splice(0, QUERY_LIMIT));
    asking = false;
  }

  return {
    has(userId) {
      if (remembered.has(userId)) return Promise.resolve(true);
      return new Promise((resolve, reject) => {
        waiting.push({ userId, resolve, reject });
        if (!asking) void askAll();
      });
    },
  };
}
