// A service's schema: its tables and grants, declared once; made with admin credentials, then used without them.
import { createHash } from 'node:crypto';
import mysql, { type Connection, type Pool, type RowDataPacket } from 'mysql2/promise';
import { DataSource, type EntitySchema, type MigrationInterface } from 'typeorm';
import { AppError } from './appError.ts';
import { serverErrorSchema } from './databaseErrors.ts';
import type { DatabaseTls } from './databaseTls.ts';
import { beyond, grantAccess, revokeOthers, type Access, type Grant } from './grants.ts';
import { showGrants, type ShownGrant } from './shownGrants.ts';

/** A table and what the runtime user may do to it. */
export interface SchemaTable {
  readonly entity: EntitySchema;
  readonly grants: readonly Grant[];
}

/** All that a service keeps in its database. Migrations in the order in which they run. */
export interface Schema {
  readonly tables: readonly SchemaTable[];
  readonly migrations: readonly (new () => MigrationInterface)[];
}

/** A read model's table: rows are made and changed by folds, never deleted. */
export function readModel(entity: EntitySchema): SchemaTable {
  return { entity, grants: ['SELECT', 'INSERT', 'UPDATE'] };
}

/** One schema of several, e.g. the event store's and a service's own read models. */
export function combineSchemas(...parts: readonly Schema[]): Schema {
  return {
    tables: parts.flatMap((part) => part.tables),
    migrations: parts.flatMap((part) => part.migrations),
  };
}

/** Who prepares which database for whom. */
export interface PrepareSchemaOptions extends Pick<Access, 'runtime'> {
  readonly host: string;
  readonly port: number;
  /** Left out: in the clear. */
  readonly tls?: DatabaseTls;
  /** An administrator, or a migration user: one with all rights on this database, and GRANT OPTION, and nothing else. */
  readonly admin: { readonly user: string; readonly password: string };
  readonly database: string;
  readonly schema: Schema;
}

const MIGRATION_LOCK_SECONDS = 60;
const MIGRATIONS_TABLE = 'migrations';

/**
 * Makes the database, the tables, and the runtime user with its grants per table, then closes its connections; gives
 * the names of the migrations that it ran. Rights that an earlier version gave stay: its processes may still run, and
 * may run again after a rollback. May run again and from several processes at once: the lock lets one work, the others
 * then find it done. Throws AppErrors: a retryable 'migration_lock_timeout' if another process holds the lock for longer
 * than 60 s; 'runtime_user_missing' as `grantAccess` says.
 */
export function prepareSchema(options: PrepareSchemaOptions): Promise<readonly string[]> {
  return underMigrationLock(options, async (connection) => {
    await connection.query(
      `CREATE DATABASE IF NOT EXISTS ?? CHARACTER SET utf8mb4 COLLATE utf8mb4_bin`,
      [options.database],
    );
    const migrations = await migrate(options);
    await grantAccess(connection, { ...options, grants: declaredGrants(options.schema) });
    return migrations;
  });
}

/**
 * Takes from the runtime user all rights in the database that the schema does not declare, e.g. those of an earlier
 * version; gives what it still has beyond them, anywhere, in the server's words: none if all is well. For a prepared
 * database, when no process of another version runs any more: one that did would be denied what it needs. Throws
 * AppErrors: a retryable 'migration_lock_timeout' as `prepareSchema` does; 'runtime_user_refused' if the runtime user
 * may not log in, which is who is asked for its rights.
 */
export function revokeUndeclared(options: PrepareSchemaOptions): Promise<readonly string[]> {
  const access = { ...options, grants: declaredGrants(options.schema) };
  // Under the lock, so that a migration that gives rights at the same time has given them all before, or gives them after.
  return underMigrationLock(options, async (connection) => {
    await revokeOthers(connection, access, await heldByRuntime(options));
    // Where ALL was held, what remains of it has names only now.
    await revokeOthers(connection, access, await heldByRuntime(options));
    return beyond(await heldByRuntime(options), access);
  });
}

async function heldByRuntime(options: PrepareSchemaOptions): Promise<readonly ShownGrant[]> {
  const { user } = options.runtime;
  const connection = await connect(options, options.runtime).catch((error: unknown) => {
    if (serverErrorSchema.safeParse(error).data?.code !== 'ER_ACCESS_DENIED_ERROR') throw error;
    throw new AppError(
      'runtime_user_refused',
      `${user} may not log in, and is asked for its rights: see MYSQL_USER and MYSQL_PASSWORD`,
      { retryable: false, cause: error },
    );
  });
  try {
    return await showGrants(connection);
  } finally {
    connection.destroy();
  }
}

function connect(
  { host, port, tls }: PrepareSchemaOptions,
  { user, password }: PrepareSchemaOptions['admin'],
): Promise<Connection> {
  const ssl = tls === undefined ? {} : { ssl: tls };
  return mysql.createConnection({ host, port, user, password, ...ssl });
}

async function underMigrationLock<T>(
  options: PrepareSchemaOptions,
  work: (connection: Connection) => Promise<T>,
): Promise<T> {
  const connection = await connect(options, options.admin);
  try {
    await lockMigrations(connection, options.database);
    return await work(connection);
  } finally {
    // Ends the session, and with it the lock: nothing to release by hand, also after a failure.
    connection.destroy();
  }
}

/** Names of the migrations that this build has and the database has not: ready only when there are none. */
export async function pendingMigrations(pool: Pool, schema: Schema): Promise<readonly string[]> {
  const [rows] = await pool.query<(RowDataPacket & { name: string })[]>(
    `SELECT name FROM ${MIGRATIONS_TABLE}`,
  );
  const done = new Set(rows.map((row) => row.name));
  return schema.migrations.map(migrationName).filter((name) => !done.has(name));
}

function migrationName(migration: new () => MigrationInterface): string {
  return new migration().name ?? migration.name;
}

async function lockMigrations(connection: Connection, database: string): Promise<void> {
  // A lock's name has at most 64 characters; a database's name alone may have as many.
  const name = `orderflow.${createHash('sha256').update(database).digest('hex').slice(0, 32)}`;
  const [rows] = await connection.query<(RowDataPacket & { locked: number | null })[]>(
    'SELECT GET_LOCK(?, ?) AS locked',
    [name, MIGRATION_LOCK_SECONDS],
  );
  if (rows[0]?.locked !== 1) {
    throw new AppError(
      'migration_lock_timeout',
      `Another process has been migrating ${database} for over ${MIGRATION_LOCK_SECONDS} s; see its log, or try again`,
      { retryable: true },
    );
  }
}

async function migrate(options: PrepareSchemaOptions): Promise<readonly string[]> {
  const dataSource = new DataSource({
    type: 'mysql',
    host: options.host,
    port: options.port,
    username: options.admin.user,
    password: options.admin.password,
    database: options.database,
    ...(options.tls === undefined ? {} : { ssl: options.tls }),
    charset: 'utf8mb4_bin',
    timezone: 'Z',
    synchronize: false,
    entities: options.schema.tables.map((table) => table.entity),
    migrations: [...options.schema.migrations],
    migrationsTableName: MIGRATIONS_TABLE,
  });
  await dataSource.initialize();
  try {
    const run = await dataSource.runMigrations({ transaction: 'each' });
    return run.map((migration) => migration.name);
  } finally {
    await dataSource.destroy();
  }
}

function declaredGrants(schema: Schema): ReadonlyMap<string, readonly Grant[]> {
  const tables = schema.tables.map(
    ({ entity, grants }) => [entity.options.tableName ?? entity.options.name, grants] as const,
  );
  return new Map([[MIGRATIONS_TABLE, ['SELECT']], ...tables]);
}
