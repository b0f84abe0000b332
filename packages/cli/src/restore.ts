// `orderflow restore DIR`: puts the three databases back to a backup, as a new incarnation of their logs.
import path from 'node:path';
import { Command } from 'commander';
import { createConnection } from 'mysql2/promise';
import { databaseTls } from '@orderflow/shared/runtime/databaseTls.ts';
import {
  prepareServiceSchema,
  type MigrationConfig,
} from '@orderflow/shared/runtime/serviceDatabase.ts';
import { eventStoreSchema } from '@orderflow/shared/eventstore/tables.ts';
import { headOf } from './backup.ts';
import { readManifest, type Manifest } from './backup/manifest.ts';
import { hashOf } from './backup/tableFile.ts';
import { DATA_SERVICES, readSystemConfig, type DataService, type SystemConfig } from './config.ts';
import { clearedUp } from './restore/copies.ts';
import { beginIncarnation, newIncarnation, readBefore, type Before } from './restore/history.ts';
import { underRestoreLock } from './restore/lock.ts';
import { ownTables, requireOwnTables } from './restore/ownTables.ts';
import { putInPlace, reopenLeftLogs } from './restore/putInPlace.ts';
import { dropReplaced, loadTables } from './restore/staging.ts';
import { hasEvents, requireStopped } from './restore/stopped.ts';
import {
  closeServicePools,
  loadServiceParts,
  openServicePools,
  type ServiceParts,
  type ServicePools,
} from './serviceLogs.ts';
import { runVerb, type VerbResult } from './verb.ts';

interface RestoreOptions {
  readonly replace: boolean;
  readonly json: boolean;
}

/** The verb `restore`. */
export function restoreCommand(): Command {
  return new Command('restore')
    .description(
      'Puts all three databases back to a backup, as their administrators, while no service runs. What was published ' +
        'after the backup is void from then on, whether it still stands in Kafka or not.',
    )
    .argument('<folder>', 'of the backup')
    .option('--replace', 'give up what the databases hold now', false)
    .option('--json', 'print the result as JSON', false)
    .action((folder: string, options: RestoreOptions) =>
      runVerb(options.json, () => restore(folder, options)),
    );
}

async function restore(folder: string, options: RestoreOptions): Promise<VerbResult> {
  const config = readSystemConfig();
  const parts = await loadServiceParts();
  const manifest = await readManifest(folder);
  requireFitting(manifest, config, parts);
  await requireIntact(folder, manifest);
  const own = (service: DataService) =>
    ownTables(parts[service].schema, manifest.services[service]);
  await makeDatabases(config);
  const pools = openServicePools(config.databases, 'admin');
  try {
    return await underRestoreLock(pools, async () => {
      await requireReplaceable(pools, config, own, options);
      try {
        await reopenLeftLogs(pools);
        const incarnation = await load(folder, manifest, pools);
        await putInPlace(pools, own, () => requireAllStopped(pools, config));
        const migrations = await complete(config, parts);
        // Last: until here it can fail, and what was there is still to be had.
        for (const service of DATA_SERVICES) await dropReplaced(pools[service]);
        return told(manifest, incarnation, migrations);
      } catch (error) {
        throw await clearedUp(pools, error);
      }
    });
  } finally {
    await closeServicePools(pools);
  }
}

async function requireReplaceable(
  pools: ServicePools,
  config: SystemConfig,
  own: (service: DataService) => ReadonlySet<string>,
  { replace }: RestoreOptions,
): Promise<void> {
  for (const service of DATA_SERVICES) {
    const { MYSQL_DATABASE: database } = config.databases[service];
    await requireOwnTables(pools[service], service, database, own(service));
  }
  await requireAllStopped(pools, config);
  if (!replace) await requireNoEvents(pools, config);
}

/** Loads everything beside what is there; gives the new incarnation. A failure up to here has changed nothing. */
async function load(folder: string, manifest: Manifest, pools: ServicePools): Promise<number> {
  const before = new Map<DataService, Before>();
  for (const service of DATA_SERVICES) before.set(service, await readBefore(pools[service]));
  const incarnation = newIncarnation(Date.now(), [
    ...[...before.values()].map((each) => each.incarnation),
    ...Object.values(manifest.services).map((each) => each.incarnation),
  ]);
  for (const service of DATA_SERVICES) {
    await loadTables(pools[service], folder, manifest.services[service]);
    const was = before.get(service) ?? { incarnation: 0, counters: new Map<string, number>() };
    await beginIncarnation(pools[service], service, manifest, incarnation, was);
  }
  return incarnation;
}

/** The migrations that are newer than the backup, and the grants. */
async function complete(config: SystemConfig, parts: ServiceParts): Promise<readonly string[]> {
  const migrations: string[] = [];
  for (const service of DATA_SERVICES)
    migrations.push(
      ...(await prepareServiceSchema(adminConfig(config, service), parts[service].schema)),
    );
  return migrations;
}

function adminConfig({ databases }: SystemConfig, service: DataService): MigrationConfig {
  const { MYSQL_ADMIN_USER, ...config } = databases[service];
  if (MYSQL_ADMIN_USER === undefined)
    throw new Error(`A restore needs the administrator of ${service}: give MYSQL_ADMIN_USER`);
  return { ...config, MYSQL_ADMIN_USER };
}

function requireFitting(manifest: Manifest, config: SystemConfig, parts: ServiceParts): void {
  const { topicPrefix, services } = manifest;
  if (topicPrefix !== config.kafka.TOPIC_PREFIX)
    throw new Error(
      `The backup is of topics that begin with "${topicPrefix}", TOPIC_PREFIX is "${config.kafka.TOPIC_PREFIX}": ` +
        'under other topics consumers would handle again what they have handled',
    );
  for (const service of DATA_SERVICES) {
    const { migrations } = parts[service].schema;
    const known = [...eventStoreSchema.migrations, ...migrations].map((Each) => new Each().name);
    const unknown = services[service].migrations.filter((name) => !known.includes(name));
    if (unknown.length > 0)
      throw new Error(
        `The backup of ${service} was made by a newer build (${unknown.join(', ')}): restore it with that one`,
      );
  }
}

async function requireIntact(folder: string, { services }: Manifest): Promise<void> {
  for (const { file, sha256 } of Object.values(services).flatMap(({ tables }) => tables))
    if ((await hashOf(path.join(folder, file))) !== sha256)
      throw new Error(`${file} is not the file that was written: its SHA-256 differs`);
}

async function makeDatabases(config: SystemConfig): Promise<void> {
  for (const service of DATA_SERVICES) {
    const database = adminConfig(config, service);
    const connection = await createConnection({
      host: database.MYSQL_HOST,
      port: database.MYSQL_PORT,
      user: database.MYSQL_ADMIN_USER,
      password: database.MYSQL_ADMIN_PASSWORD,
      ...(databaseTls(database).tls === undefined ? {} : { ssl: databaseTls(database).tls }),
    });
    try {
      const sql = 'CREATE DATABASE IF NOT EXISTS ?? CHARACTER SET utf8mb4 COLLATE utf8mb4_bin';
      await connection.query(sql, [database.MYSQL_DATABASE]);
    } finally {
      connection.destroy();
    }
  }
}

async function requireAllStopped(pools: ServicePools, config: SystemConfig): Promise<void> {
  for (const service of DATA_SERVICES)
    await requireStopped(pools[service], service, config.databases[service].MYSQL_USER);
}

async function requireNoEvents(pools: ServicePools, config: SystemConfig): Promise<void> {
  for (const service of DATA_SERVICES)
    if (await hasEvents(pools[service]))
      throw new Error(
        `${config.databases[service].MYSQL_DATABASE} holds events of ${service}: --replace gives them up`,
      );
}

function told(manifest: Manifest, incarnation: number, migrations: readonly string[]): VerbResult {
  const { takenAt, services } = manifest;
  const heads = DATA_SERVICES.map((service) => headOf(service, services[service]));
  const ran = migrations.length === 0 ? '' : ` Ran ${migrations.join(', ')}.`;
  return {
    line:
      `Restored the backup of ${takenAt}: ${heads.join(', ')}, now incarnation ${incarnation}.${ran} ` +
      'Start the services: they fill Kafka again and finish what was under way.',
    json: { takenAt, incarnation, migrations },
  };
}
