// `orderflow migrate`: makes or completes the database of a service, as its migration user.
import { setTimeout as sleep } from 'node:timers/promises';
import { Argument, Command } from 'commander';
import { isUnreachable, serverErrorSchema } from '@orderflow/shared/runtime/databaseErrors.ts';
import type { Schema } from '@orderflow/shared/runtime/schema.ts';
import {
  prepareServiceSchema,
  revokeServiceRights,
  type MigrationConfig,
} from '@orderflow/shared/runtime/serviceDatabase.ts';
import { readMigrationConfig } from './config.ts';
import { parseWaitSeconds, whenReachable } from './patience.ts';
import { runVerb, type VerbResult } from './verb.ts';

/** Imported when asked for: the image of a service holds no other. */
const SCHEMAS = {
  users: async () => (await import('../../../services/users/src/app.ts')).usersParts.schema,
  inventory: async () =>
    (await import('../../../services/inventory/src/app.ts')).inventoryParts.schema,
  orders: async () => (await import('../../../services/orders/src/app.ts')).ordersParts.schema,
} as const satisfies Record<string, () => Promise<Schema>>;

type Service = keyof typeof SCHEMAS;
const SERVICES: readonly Service[] = ['users', 'inventory', 'orders'];

interface MigrateOptions {
  readonly revoke: boolean;
  readonly waitSeconds: number;
  readonly json: boolean;
}

/** The verb `migrate`. */
export function migrateCommand(): Command {
  return new Command('migrate')
    .description(
      'Makes the database of a service, its tables and the grants of its runtime user, or completes them. Reads the ' +
        'MYSQL_* settings of the service; MYSQL_ADMIN_USER and MYSQL_ADMIN_PASSWORD are those of the migration user.',
    )
    .addArgument(new Argument('<service>').choices(SERVICES))
    .option(
      '--revoke',
      'then take from the runtime user all rights that this version does not declare: only when no process of an earlier ' +
        'version runs any more, since it would be denied what it needs',
      false,
    )
    .option('--wait-seconds <seconds>', 'how long to wait for the server', parseWaitSeconds, 60)
    .option('--json', 'print the result as JSON', false)
    .action((service: Service, options: MigrateOptions) =>
      runVerb(options.json, () => migrate(service, options)),
    );
}

async function migrate(service: Service, options: MigrateOptions): Promise<VerbResult> {
  const config = readMigrationConfig(service);
  const schema = await loadSchema(service);
  const address = `${config.MYSQL_HOST}:${config.MYSQL_PORT}`;
  const { MYSQL_DATABASE: database, MYSQL_USER: user } = config;
  try {
    const migrations = await prepare(config, schema, address, options.waitSeconds);
    if (options.revoke) requireNone(await revokeServiceRights(config, schema), user);
    const done = migrations.length === 0 ? 'no migration was due' : `ran ${migrations.join(', ')}`;
    const rights = options.revoke ? 'its grants and no others' : 'its grants';
    return {
      line: `${database} at ${address}: ${done}; ${user} has ${rights}`,
      json: { database, address, migrations, user, revoked: options.revoke },
    };
  } catch (error) {
    throw explained(error, config, address);
  }
}

function prepare(
  config: MigrationConfig,
  schema: Schema,
  address: string,
  waitSeconds: number,
): Promise<readonly string[]> {
  return whenReachable(() => prepareServiceSchema(config, schema), {
    waitMs: waitSeconds * 1_000,
    onWait: (error) => {
      const line = `No MySQL answers at ${address} (${codeOf(error)}): trying for ${waitSeconds} s\n`;
      process.stderr.write(line);
    },
    now: () => performance.now(),
    sleep: async (milliseconds) => {
      await sleep(milliseconds);
    },
  });
}

function requireNone(remaining: readonly string[], user: string): void {
  if (remaining.length === 0) return;
  throw new Error(
    `${user} still has more than this version declares, and the migration user may not take it:\n` +
      remaining.map((line) => `  ${line}\n`).join('') +
      'Let an administrator revoke it; then run this again',
  );
}

async function loadSchema(service: Service): Promise<Schema> {
  try {
    return await SCHEMAS[service]();
  } catch (error) {
    if (codeOf(error) !== 'ERR_MODULE_NOT_FOUND') throw error;
    throw new Error(
      `The service ${service} is not here: run this where it is, in its own image or in the whole checkout (${String(error)})`,
      { cause: error },
    );
  }
}

/** The server's words with what to do about them. */
function explained(error: unknown, config: MigrationConfig, address: string): unknown {
  const code = codeOf(error);
  const said = error instanceof Error ? error.message : String(error);
  const is = (text: string) => new Error(`${text} (${code}: ${said})`, { cause: error });
  if (isUnreachable(error))
    return is(
      `No MySQL answers at ${address}: see that it runs, and MYSQL_HOST and MYSQL_PORT; --wait-seconds waits longer`,
    );
  const { MYSQL_ADMIN_USER: user, MYSQL_DATABASE: database } = config;
  if (code === 'ER_ACCESS_DENIED_ERROR')
    return is(`${user} may not log in: see MYSQL_ADMIN_USER and MYSQL_ADMIN_PASSWORD`);
  if (code.includes('ACCESS_DENIED'))
    return is(
      `${user} lacks rights. Let an administrator run: GRANT ALL ON \`${database.replaceAll('_', '\\_')}\`.* TO '${user}'@'%' WITH GRANT OPTION; and then migrate again`,
    );
  if (code.startsWith('HANDSHAKE_'))
    return is(`No encrypted connection to ${address}: see MYSQL_TLS and MYSQL_TLS_CA_FILE`);
  return error;
}

function codeOf(error: unknown): string {
  const parsed = serverErrorSchema.safeParse(error);
  return (parsed.success ? parsed.data.code : undefined) ?? 'no code';
}
