// The runtime user and its rights: giving those that the schema declares, and taking back all others.
import type { Connection } from 'mysql2/promise';
import { AppError } from './appError.ts';
import { serverErrorSchema } from './databaseErrors.ts';
import type { ShownGrant } from './shownGrants.ts';

/** What the runtime user may do to a table. */
export type Grant = 'SELECT' | 'INSERT' | 'UPDATE' | 'DELETE';

/** Whom to give which rights. */
export interface Access {
  readonly database: string;
  /** The runtime user; `host` is MySQL's pattern of where it may come from, `%` by default. */
  readonly runtime: { readonly user: string; readonly password: string; readonly host?: string };
  /** By table. */
  readonly grants: ReadonlyMap<string, readonly Grant[]>;
}

type Account = readonly [user: string, host: string];

const GRANTS: readonly Grant[] = ['SELECT', 'INSERT', 'UPDATE', 'DELETE'];
/** All else that can be given on a table. */
const NEVER_GRANTED = [
  ...['CREATE', 'DROP', 'ALTER', 'INDEX', 'REFERENCES', 'TRIGGER', 'CREATE VIEW', 'SHOW VIEW'],
  'GRANT OPTION',
];

/** The server's numbers: what was asked for needs a right that the user has not. */
const DENIED = [1227, 1044, 1142];
/** A GRANT to a user who is not there. Which of them it is depends on the server. */
const NO_SUCH_USER = [1410, 1133];
/** Nothing to revoke: on a database, on a table. */
const NOTHING_GRANTED = [1141, 1147];

/**
 * Makes the runtime user if it is not there, sets its password, and gives it these rights in the database. It takes none
 * away: processes of the version before may still run, and need theirs. A migration user that may make no users leaves
 * user and password as they are; throws AppError 'runtime_user_missing' if there is none, with the statement that an
 * administrator must run.
 */
export async function grantAccess(connection: Connection, access: Access): Promise<void> {
  const account = accountOf(access);
  await ensureUser(connection, account, access.runtime.password);
  for (const [table, grants] of access.grants)
    await grantOrExplain(connection, [grants.join(', '), access.database, table], account);
}

/**
 * Takes from the runtime user, who has `held`, what it has in the database beyond these rights: on their tables, on
 * other tables, and on the database as a whole. What the connection's user may not take stays; `beyond` tells it. For
 * when the rights have been given, and no process of another version runs.
 */
export async function revokeOthers(
  connection: Connection,
  access: Access,
  held: readonly ShownGrant[],
): Promise<void> {
  const account = accountOf(access);
  const { database, grants } = access;
  for (const [table, declared] of grants)
    await revoke(connection, allBut(declared), '??.??', [database, table], account);
  for (const { database: where, table, rights } of held) {
    if (where !== database || table === undefined) continue;
    const declared: readonly string[] | undefined = grants.get(table);
    if (declared === undefined) await revokeAll(connection, '??.??', [database, table], account);
    // Rights that only this server has, by its own names; ALL would take the declared ones too.
    for (const right of rights)
      if (declared?.includes(right) === false && /^(?!ALL )[A-Z ]+$/.test(right))
        await revoke(connection, [right], '??.??', [database, table], account);
  }
  // There `_` stands for any character, so the same rights may have been written in two ways.
  for (const pattern of new Set([database, database.replaceAll('_', '\\_')]))
    await revokeAll(connection, '??.*', [pattern], account);
}

/** What of `held` is more than these rights, wherever it is, as the server tells it. */
export function beyond(held: readonly ShownGrant[], { database, grants }: Access): string[] {
  const isDeclared = ({ rights, mayGiveAway, ...on }: ShownGrant): boolean => {
    if (on.database !== database || on.table === undefined || mayGiveAway) return false;
    const declared: readonly string[] = grants.get(on.table) ?? [];
    return rights.every((right) => declared.includes(right));
  };
  return held.filter((grant) => !grant.isEmpty && !isDeclared(grant)).map(({ line }) => line);
}

function accountOf({ runtime }: Access): Account {
  return [runtime.user, runtime.host ?? '%'];
}

async function ensureUser(
  connection: Connection,
  account: Account,
  password: string,
): Promise<void> {
  try {
    await connection.query(`CREATE USER IF NOT EXISTS ?@? IDENTIFIED BY ?`, [...account, password]);
    // The user may be older than this password.
    await connection.query(`ALTER USER ?@? IDENTIFIED BY ?`, [...account, password]);
  } catch (error) {
    if (!isServerError(error, DENIED)) throw withoutStatement(error);
  }
}

async function grantOrExplain(
  connection: Connection,
  [grants, database, table]: readonly [string, string, string],
  account: Account,
): Promise<void> {
  try {
    await connection.query(`GRANT ${grants} ON ??.?? TO ?@?`, [database, table, ...account]);
  } catch (error) {
    if (!isServerError(error, NO_SUCH_USER)) throw error;
    const [user, host] = account;
    throw new AppError(
      'runtime_user_missing',
      `The runtime user is not there, and the migration user may not make it. Let an administrator of the server run: CREATE USER '${user}'@'${host}' IDENTIFIED BY '<the password in MYSQL_PASSWORD>'; and then migrate again`,
      { retryable: false, cause: error },
    );
  }
}

async function revokeAll(
  connection: Connection,
  place: string,
  names: readonly string[],
  account: Account,
): Promise<void> {
  // ALL does not hold GRANT OPTION, and does not go with it in one statement.
  await revoke(connection, ['ALL PRIVILEGES'], place, names, account);
  await revoke(connection, ['GRANT OPTION'], place, names, account);
}

/** Revokes rights, whether they were given or not. */
async function revoke(
  connection: Connection,
  rights: readonly string[],
  place: string,
  names: readonly string[],
  account: Account,
): Promise<void> {
  try {
    const sql = `REVOKE ${rights.join(', ')} ON ${place} FROM ?@?`;
    await connection.query(sql, [...names, ...account]);
  } catch (error) {
    if (isServerError(error, DENIED)) return;
    if (!isServerError(error, NOTHING_GRANTED)) throw error;
    // MySQL (not MariaDB) refuses them all when it misses one: then one after the other.
    if (rights.length > 1)
      for (const right of rights) await revoke(connection, [right], place, names, account);
  }
}

function allBut(grants: readonly Grant[]): readonly string[] {
  return [...GRANTS.filter((grant) => !grants.includes(grant)), ...NEVER_GRANTED];
}

function isServerError(error: unknown, numbers: readonly number[]): boolean {
  const parsed = serverErrorSchema.safeParse(error);
  return parsed.success && numbers.includes(parsed.data.errno ?? 0);
}

/** mysql2 puts the statement on the error, and with it the password. */
function withoutStatement(error: unknown): unknown {
  if (error instanceof Error) Reflect.deleteProperty(error, 'sql');
  return error;
}
