// Which tables of a database are a service's own: a restore replaces those, and touches no database that has others.
import type { Pool } from 'mysql2/promise';
import { z } from 'zod';
import { eventStoreSchema } from '@orderflow/shared/eventstore/tables.ts';
import { queryRows } from '@orderflow/shared/runtime/database.ts';
import { combineSchemas, type Schema } from '@orderflow/shared/runtime/schema.ts';
import { tablesOf } from '../backup/dump.ts';
import type { SavedService } from '../backup/manifest.ts';
import type { DataService } from '../config.ts';
import { LOADING, REPLACED } from './staging.ts';

const MIGRATIONS = 'migrations';
/** What a rebuild that was broken off has left. */
const REBUILT = '__rebuild';
const NAMES_SHOWN = 10;

/** The names of a service's own tables: those that its schema declares, and those that the backup has of it. */
export function ownTables(schema: Schema, saved: SavedService): ReadonlySet<string> {
  const { tables } = combineSchemas(eventStoreSchema, schema);
  const declared = tables.map(({ entity: { options } }) => options.tableName ?? options.name);
  const named = [MIGRATIONS, ...declared, ...saved.tables.map(({ name }) => name)];
  return new Set(named.flatMap((name) => [name, `${name}${REBUILT}`]));
}

/**
 * Throws an Error unless the database is empty or that of the service: it has none but the tables `own` and what a restore
 * makes of these, and the event store's first migration has run in it. Others' tables may have the same names (`orders`,
 * `products`): a setting that names their database must not cost them.
 */
export async function requireOwnTables(
  pool: Pool,
  service: DataService,
  database: string,
  own: ReadonlySet<string>,
): Promise<void> {
  const wayOut =
    `Nothing was changed: see ${service.toUpperCase()}_MYSQL_DATABASE, ` +
    'or move away what is not of Orderflow';
  const tables = await tablesOf(pool);
  const foreign = tables.filter(
    (name) => ![name, withoutPrefix(name, LOADING), withoutPrefix(name, REPLACED)].some(isOwn),
  );
  if (foreign.length > 0)
    throw new Error(
      `${database} has tables that ${service} has not: ${listed(foreign)}. ${wayOut}`,
    );
  const standing = tables.filter(isOwn);
  if (standing.length === 0 || (standing.includes(MIGRATIONS) && (await isMigrated(pool)))) return;
  throw new Error(
    `${database} has ${listed(standing)}, but no migration of ${service} has made them. ${wayOut}`,
  );

  function isOwn(name: string): boolean {
    return own.has(name);
  }
}

function withoutPrefix(name: string, prefix: string): string {
  return name.startsWith(prefix) ? name.slice(prefix.length) : name;
}

function listed(names: readonly string[]): string {
  const more = names.length > NAMES_SHOWN ? `, and ${names.length - NAMES_SHOWN} more` : '';
  return `${names.slice(0, NAMES_SHOWN).join(', ')}${more}`;
}

async function isMigrated(pool: Pool): Promise<boolean> {
  const first = eventStoreSchema.migrations.slice(0, 1).map((Each) => new Each().name);
  const sql = 'SELECT name FROM ?? WHERE name IN (?)';
  const rows = await queryRows(pool, z.object({ name: z.string() }), sql, [MIGRATIONS, first]);
  return rows.length > 0;
}
