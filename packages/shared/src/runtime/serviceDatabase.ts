// A service's own database, ready for work: the schema prepared if we may, the log, its append queue, its counters.
import type { Pool } from 'mysql2/promise';
import { createAppendQueue, type AppendQueue } from '../eventstore/appendQueue.ts';
import type { CommandLog } from '../eventstore/commandHandler.ts';
import { createIdAllocator, takeIds } from '../eventstore/counters.ts';
import type { DomainEvent } from '../eventstore/decider.ts';
import type { EventCodec, EventStore } from '../eventstore/eventStore.ts';
import { createMysqlEventStore } from '../eventstore/mysqlEventStore.ts';
import type { Projection } from '../eventstore/projection.ts';
import { eventStoreSchema } from '../eventstore/tables.ts';
import { AppError } from './appError.ts';
import { openPool } from './database.ts';
import { serverErrorSchema } from './databaseErrors.ts';
import { databaseTls, type DatabaseTlsConfig } from './databaseTls.ts';
import { checkDurability, type DurabilityMode } from './durability.ts';
import type { Logger } from './logger.ts';
import {
  combineSchemas,
  pendingMigrations,
  prepareSchema,
  revokeUndeclared,
  type PrepareSchemaOptions,
  type Schema,
} from './schema.ts';

/** Where the database is and who uses it; `databaseSettings` of config.ts gives them. */
export interface DatabaseConfig extends DatabaseTlsConfig {
  readonly MYSQL_HOST: string;
  readonly MYSQL_PORT: number;
  readonly MYSQL_DATABASE: string;
  readonly MYSQL_USER: string;
  readonly MYSQL_PASSWORD: string;
  readonly MYSQL_POOL_SIZE: number;
  readonly MYSQL_ADMIN_USER?: string | undefined;
  readonly MYSQL_ADMIN_PASSWORD: string;
  readonly MYSQL_DURABILITY: DurabilityMode;
}

/** The settings with which a service's database can be made and changed. */
export interface MigrationConfig extends DatabaseConfig {
  readonly MYSQL_ADMIN_USER: string;
}

/** What of a service stands in its database. */
export interface StoredParts<Event extends DomainEvent, Fact extends DomainEvent> {
  /** Its tables beside the event store's. */
  readonly schema: Schema;
  readonly codec: EventCodec<Event>;
  readonly projections: readonly Projection<Event | Fact>[];
}

/** The database at work. */
export interface ServiceDatabase<Event extends DomainEvent, Fact extends DomainEvent> {
  readonly pool: Pool;
  /** For the consumer and the relay: its commits go next, with the requests that wait. */
  readonly store: EventStore<Event, Fact>;
  /** For requests: their appends share commits. */
  readonly log: CommandLog<Event>;
  /** Gives ids from the counter of this name, taken from the database in blocks of `blockSize`. */
  readonly idsOf: (counter: string, blockSize: number) => () => Promise<number>;
  /** For readiness: throws unless the database answers and has all of this build's migrations. */
  requireReady(): Promise<void>;
  /** Lets the appends that wait be committed, then closes the connections. */
  close(): Promise<void>;
}

/**
 * Opens the database of the service `name`. With admin credentials it is made first: database, runtime user, grants, tables; without them it
 * must be there. Throws when it cannot be reached or has not all tables.
 */
export async function openServiceDatabase<Event extends DomainEvent, Fact extends DomainEvent>(
  name: string,
  config: DatabaseConfig,
  parts: StoredParts<Event, Fact>,
  logger: Logger,
): Promise<ServiceDatabase<Event, Fact>> {
  const schema = combineSchemas(eventStoreSchema, parts.schema);
  await prepareIfAllowed(config, parts.schema, logger);
  const pool = openPool({
    host: config.MYSQL_HOST,
    port: config.MYSQL_PORT,
    database: config.MYSQL_DATABASE,
    user: config.MYSQL_USER,
    password: config.MYSQL_PASSWORD,
    ...databaseTls(config),
    poolSize: config.MYSQL_POOL_SIZE,
  });
  const store = createMysqlEventStore<Event, Fact>({ pool, ...parts });
  const queue: AppendQueue<Event, Fact> = createAppendQueue(store);
  const wayOut = `Run \`orderflow migrate ${name}\` for ${config.MYSQL_DATABASE}, or start the service once with MYSQL_ADMIN_USER and MYSQL_ADMIN_PASSWORD`;
  const requireReady = () => requireMigrated(pool, schema, wayOut);
  try {
    await requireReady();
    await checkDurability(pool, config.MYSQL_DURABILITY, (message) => {
      logger.warn(message);
    });
  } catch (error) {
    await pool.end();
    throw error;
  }
  return {
    pool,
    store: { ...store, commit: queue.commitAhead },
    log: {
      readStreams: (streamIds) => store.readStreams(streamIds),
      append: (unit) => queue.append(unit),
    },
    idsOf(counter, blockSize) {
      const allocator = createIdAllocator((count) => takeIds(pool, counter, count), blockSize);
      return () => allocator.next();
    },
    requireReady,
    async close() {
      await queue.drain();
      await pool.end();
    },
  };
}

/**
 * Makes or completes the database of a service as MYSQL_ADMIN_USER, and gives the names of the migrations that it ran.
 * `schema` is that of the service, without the event store's. Throws as `prepareSchema` does.
 */
export function prepareServiceSchema(
  config: MigrationConfig,
  schema: Schema,
): Promise<readonly string[]> {
  return prepareSchema(asMigrationUser(config, schema));
}

/**
 * Takes from the runtime user of a service what its schema does not declare, as MYSQL_ADMIN_USER, when no process of
 * another version runs any more; gives what remains of it. `schema` is that of the service, without the event store's.
 * Throws as `revokeUndeclared` does.
 */
export function revokeServiceRights(
  config: MigrationConfig,
  schema: Schema,
): Promise<readonly string[]> {
  return revokeUndeclared(asMigrationUser(config, schema));
}

function asMigrationUser(config: MigrationConfig, schema: Schema): PrepareSchemaOptions {
  return {
    host: config.MYSQL_HOST,
    port: config.MYSQL_PORT,
    ...databaseTls(config),
    admin: { user: config.MYSQL_ADMIN_USER, password: config.MYSQL_ADMIN_PASSWORD },
    database: config.MYSQL_DATABASE,
    runtime: { user: config.MYSQL_USER, password: config.MYSQL_PASSWORD },
    schema: combineSchemas(eventStoreSchema, schema),
  };
}

async function prepareIfAllowed(
  config: DatabaseConfig,
  schema: Schema,
  logger: Logger,
): Promise<void> {
  const { MYSQL_ADMIN_USER: admin, MYSQL_DATABASE: database, MYSQL_USER: user } = config;
  if (admin === undefined) return;
  const migrations = await prepareServiceSchema({ ...config, MYSQL_ADMIN_USER: admin }, schema);
  logger.info({ database, user, migrations }, 'the schema is prepared');
}

async function requireMigrated(pool: Pool, schema: Schema, wayOut: string): Promise<void> {
  const pending = await pendingMigrations(pool, schema).catch((error: unknown) => {
    if (!neverMigrated(error)) throw error;
    throw pendingError(`The database was never migrated for this user. ${wayOut}`, error);
  });
  if (pending.length === 0) return;
  throw pendingError(`The database lacks the migrations ${pending.join(', ')}. ${wayOut}`);
}

/** No such database or table, or no rights on it, which is what a user without rights is told instead. */
function neverMigrated(error: unknown): boolean {
  const parsed = serverErrorSchema.safeParse(error);
  return parsed.success && [1049, 1146, 1044, 1142].includes(parsed.data.errno ?? 0);
}

function pendingError(message: string, cause?: unknown): AppError {
  return new AppError('migrations_pending', message, { retryable: false, cause });
}
