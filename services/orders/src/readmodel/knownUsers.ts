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
  has(userId: UserId): Promise<boolean>;
}

/** The queries on the service's own database. Each throws a retryable AppError when it cannot be reached. */
export function createKnownUserQueries(database: Queryable): KnownUserQueries {
  return {
    async has(userId) {
      const sql = 'SELECT user_id FROM known_users WHERE user_id = ?';
      const rows = await queryRows(database, z.object({ user_id: userIdSchema }), sql, [userId]);
      return rows.length > 0;
    },
  };
}
