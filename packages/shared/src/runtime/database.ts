// The database connection of a service: pool, sessions, transactions, and which errors are worth another try.
import mysql from 'mysql2';
import type { Pool, PoolConnection, RowDataPacket } from 'mysql2/promise';
import { z } from 'zod';
import { AppError } from './appError.ts';
import { classifyDatabaseError, serverErrorSchema } from './databaseErrors.ts';
import type { DatabaseTls } from './databaseTls.ts';
import { limitStatements } from './statementLimit.ts';
import { GatheredTransaction, type Queryable, type Transaction } from './transaction.ts';

/** How a service reaches its database as its runtime user. */
export interface DatabaseSettings {
  readonly host: string;
  readonly port: number;
  readonly database: string;
  readonly user: string;
  readonly password: string;
  /** Left out: in the clear. */
  readonly tls?: DatabaseTls;
  /** Connections at most. */
  readonly poolSize: number;
  /** Callers that may wait for a connection; the next one is refused. */
  readonly waitingLimit?: number;
  /** A packet without an answer for so long costs its connection. Above the lock wait; 10 s if it is left out. */
  readonly statementLimitMs?: number;
}

/** As many as requests may wait for their orders: each of them may ask for its user at the same moment. */
const WAITING_LIMIT = 10_000;
const LOCK_WAIT_SECONDS = 3;
const CONNECT_TIMEOUT_MS = 5_000;
const KEEP_ALIVE_DELAY_MS = 10_000;
/** With the wait for its turn, less than half of what a consumer may go without progress. */
const STATEMENT_LIMIT_MS = 10_000;
/** A transaction that lost a deadlock or a lock wait is run this often at most. */
const TRANSACTION_ATTEMPTS = 5;
const RETRY_DELAY_MS = 20;

const SESSION = [
  'SET SESSION TRANSACTION ISOLATION LEVEL READ COMMITTED',
  // The mode is set here and not left to the server, so that both families check alike and backslashes escape; the
  // language, because `duplicateKey` reads the server's words.
  `SET SESSION innodb_lock_wait_timeout = ${LOCK_WAIT_SECONDS}, time_zone = '+00:00', lc_messages = 'en_US',
    sql_mode = 'STRICT_ALL_TABLES,ONLY_FULL_GROUP_BY,ERROR_FOR_DIVISION_BY_ZERO,NO_ENGINE_SUBSTITUTION'`,
];

/** Opens a pool. It connects when first used; `end()` closes it. BIGINTs beyond 2^53 come as text, never rounded. */
export function openPool(settings: DatabaseSettings): Pool {
  const {
    poolSize,
    tls,
    waitingLimit = WAITING_LIMIT,
    statementLimitMs = STATEMENT_LIMIT_MS,
    ...address
  } = settings;
  const pool = mysql.createPool({
    ...address,
    ...(tls === undefined ? {} : { ssl: tls }),
    connectionLimit: poolSize,
    // 0 would mean no limit: then a database that stands still would fill the memory.
    queueLimit: waitingLimit,
    charset: 'utf8mb4_bin',
    timezone: 'Z',
    supportBigNumbers: true,
    bigNumberStrings: false,
    connectTimeout: CONNECT_TIMEOUT_MS,
    enableKeepAlive: true,
    keepAliveInitialDelay: KEEP_ALIVE_DELAY_MS,
    // For transactions, see GatheredTransaction. Values never come into a statement but escaped.
    multipleStatements: true,
  });
  pool.on('connection', (connection) => {
    // mysql2 listens once: a second error of a dying connection would otherwise end the process. Its user gets the first.
    connection.on('error', () => undefined);
    limitStatements(connection, statementLimitMs);
    // A connection runs its commands in order: these come before those of whoever asked for it.
    for (const statement of SESSION) {
      connection.query(statement, (error) => {
        if (error !== null) connection.destroy();
      });
    }
  });
  return pool.promise();
}

/**
 * Runs `work` in a transaction and commits it. A deadlock or lock wait (1213, 1205) runs it again, so `work` must
 * start from the database each time. Throws what `work` throws; AppErrors 'database_unavailable', 'database_busy',
 * and 'commit_unknown' if COMMIT itself failed (all retryable).
 */
export async function inTransaction<T>(
  pool: Pool,
  work: (transaction: Transaction) => Promise<T>,
): Promise<T> {
  for (let attempt = 1; ; attempt += 1) {
    try {
      return await tryTransaction(pool, work);
    } catch (error) {
      const busy = error instanceof AppError && error.code === 'database_busy';
      if (!busy || attempt === TRANSACTION_ATTEMPTS) throw error;
      // Those who met in a deadlock must not meet again at the same moment.
      await delay(RETRY_DELAY_MS * attempt * (0.5 + Math.random()));
    }
  }
}

async function tryTransaction<T>(
  pool: Pool,
  work: (transaction: Transaction) => Promise<T>,
): Promise<T> {
  let connection: PoolConnection | undefined;
  let committing = false;
  try {
    connection = await pool.getConnection();
    const transaction = new GatheredTransaction(connection);
    const result = await work(transaction);
    committing = true;
    await transaction.commit();
    connection.release();
    return result;
  } catch (error) {
    if (connection !== undefined) await endFailed(connection, error);
    // With COMMIT travel statements that are refused for what they are (a duplicate), or lose a lock (Galera finds that
    // out at COMMIT): then it surely was not committed. Anything else may have come after it.
    if (committing && classifyDatabaseError(error) === 'unavailable') throw commitUnknown(error);
    throw operationalError(error);
  }
}

/**
 * Ends the transaction of an error. mysql2 gives connections back with their transaction open (mysql2#934), so it is rolled
 * back first where the server has just answered: opening another connection costs more. Where that does not work, or the
 * server is in trouble, the connection is destroyed: the server ends the transaction when it sees the socket closed.
 */
async function endFailed(connection: PoolConnection, error: unknown): Promise<void> {
  if (classifyDatabaseError(error) === 'unavailable') {
    connection.destroy();
    return;
  }
  try {
    await connection.query('ROLLBACK');
    connection.release();
  } catch {
    connection.destroy();
  }
}

function commitUnknown(cause: unknown): AppError {
  return new AppError('commit_unknown', 'The answer to COMMIT was lost: it may have happened', {
    retryable: true,
    cause,
  });
}

/**
 * A retryable AppError for a lock ('database_busy') or a server that is away or in trouble ('database_unavailable');
 * others as they are.
 */
export function operationalError(error: unknown): unknown {
  // mysql2 puts the statement with all its values on the error: personal data would get into the log with it.
  if (error instanceof Error) Reflect.deleteProperty(error, 'sql');
  switch (classifyDatabaseError(error)) {
    case 'busy':
      return new AppError('database_busy', 'Another transaction held a lock for too long', {
        retryable: true,
        cause: error,
      });
    case 'unavailable':
      return new AppError('database_unavailable', 'The database is not available', {
        retryable: true,
        cause: error,
      });
    case 'other':
      return error;
  }
}

/** For ER_DUP_ENTRY: the key that it breaks ('PRIMARY' or a constraint's name) and the values, joined by '-'. */
export function duplicateKey(
  error: unknown,
): { readonly key: string; readonly entry: string } | undefined {
  const parsed = serverErrorSchema.safeParse(error);
  if (!parsed.success || parsed.data.code !== 'ER_DUP_ENTRY') return undefined;
  // MySQL names table and key ('events.PRIMARY'), MariaDB the key alone.
  const match = /^Duplicate entry '(.*)' for key '(?:[^'.]*\.)?([^'.]+)'$/s.exec(
    parsed.data.sqlMessage ?? '',
  );
  return { key: match?.[2] ?? 'unknown', entry: match?.[1] ?? '' };
}

/** Whether a column that is never NULL was given none. */
export function isNullRefused(error: unknown): boolean {
  const parsed = serverErrorSchema.safeParse(error);
  return parsed.success && parsed.data.code === 'ER_BAD_NULL_ERROR';
}

/** Runs a query and parses each row. Throws a retryable AppError as `operationalError` says; ZodError on foreign rows. */
export async function queryRows<T>(
  database: Queryable,
  rowSchema: z.ZodType<T>,
  sql: string,
  values: readonly unknown[] = [],
): Promise<T[]> {
  try {
    const [rows] = await database.query<RowDataPacket[]>(sql, [...values]);
    return z.array(rowSchema).parse(rows);
  } catch (error) {
    throw operationalError(error);
  }
}

function delay(milliseconds: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, milliseconds));
}
