// Who is registered: one row a user. The e-mail is not in it, see personalData.ts.
import { EntitySchema } from 'typeorm';
import { z } from 'zod';
import { userIdSchema, type UserId } from '@orderflow/shared/contracts/ids.ts';
import type { Projection, ReadModelTable } from '@orderflow/shared/eventstore/projection.ts';
import { queryRows } from '@orderflow/shared/runtime/database.ts';
import type { Queryable } from '@orderflow/shared/runtime/transaction.ts';
import type { UserEvent } from '../domain/user.ts';

const usersTable: ReadModelTable = {
  name: 'users',
  key: ['user_id'],
  columns: ['user_id', 'uuid', 'created_at', 'updated_at'],
};

export const usersEntity = new EntitySchema({
  name: 'users',
  columns: {
    user_id: { type: 'bigint', unsigned: true, primary: true },
    uuid: { type: 'char', length: 36 },
    created_at: { type: 'char', length: 24 },
    updated_at: { type: 'char', length: 24 },
  },
});

/** Folds registrations into `users`. */
export const usersProjection: Projection<UserEvent> = {
  name: 'users',
  tables: [usersTable],
  rowsOf: ({ data }) => [{ table: usersTable.name, key: [data.userId] }],
  apply({ data: { userId, uuid, at } }, rows) {
    rows.put(usersTable.name, { user_id: userId, uuid, created_at: at, updated_at: at });
  },
};

/** A user as the list shows one. */
export interface ListedUser {
  readonly userId: UserId;
  readonly uuid: string;
  readonly email: string;
  readonly createdAt: string;
  readonly updatedAt: string;
}

/** What can be asked about users. */
export interface UserQueries {
  /** At most `limit` users with an id above `after`, by id. */
  list(after: number, limit: number): Promise<readonly ListedUser[]>;
  exists(userId: UserId): Promise<boolean>;
}

const listedUser = z
  .object({
    user_id: userIdSchema,
    uuid: z.string(),
    email: z.string(),
    created_at: z.string(),
    updated_at: z.string(),
  })
  .transform((row): ListedUser => ({
    userId: row.user_id,
    uuid: row.uuid,
    email: row.email,
    createdAt: row.created_at,
    updatedAt: row.updated_at,
  }));

/** The queries on the service's own database. Each throws a retryable AppError when it cannot be reached. */
export function createUserQueries(database: Queryable): UserQueries {
  return {
    list: (after, limit) =>
      queryRows(
        database,
        listedUser,
        `SELECT u.user_id, u.uuid, p.email, u.created_at, u.updated_at
          FROM users AS u JOIN user_personal_data AS p ON p.user_id = u.user_id
          WHERE u.user_id > ? ORDER BY u.user_id LIMIT ?`,
        [after, limit],
      ),
    async exists(userId) {
      const sql = 'SELECT user_id FROM users WHERE user_id = ?';
      const rows = await queryRows(database, z.object({ user_id: userIdSchema }), sql, [userId]);
      return rows.length > 0;
    },
  };
}
