// `orderflow backup DIR`: all three databases as they were at one moment, in a folder of plain files.
import { mkdir, readdir } from 'node:fs/promises';
import { Command } from 'commander';
import { z } from 'zod';
import { eventStoreSchema } from '@orderflow/shared/eventstore/tables.ts';
import { queryRows } from '@orderflow/shared/runtime/database.ts';
import { combineSchemas } from '@orderflow/shared/runtime/schema.ts';
import { dumpService } from './backup/dump.ts';
import { writeManifest, type Manifest, type SavedService } from './backup/manifest.ts';
import { DATA_SERVICES, readSystemConfig } from './config.ts';
import { takeCut, type Cut } from './cut.ts';
import { TRAFFIC } from './kafkaAccess.ts';
import {
  closeServicePools,
  loadServiceParts,
  openServicePools,
  type ServiceParts,
} from './serviceLogs.ts';
import { runVerb, type VerbResult } from './verb.ts';

/** The verb `backup`. */
export function backupCommand(): Command {
  return new Command('backup')
    .description(
      'Writes all three databases, as they are at one moment, into a folder that is new or empty. The services go on ' +
        'working. Personal data is in it: the files are for their owner alone.',
    )
    .argument('<folder>', 'where to')
    .option('--json', 'print the result as JSON', false)
    .action((folder: string, options: { readonly json: boolean }) =>
      runVerb(options.json, () => backUp(folder)),
    );
}

async function backUp(folder: string): Promise<VerbResult> {
  const { databases, kafka } = readSystemConfig();
  const parts = await loadServiceParts();
  await requireEmptyFolder(folder);
  const pools = openServicePools(databases);
  try {
    const takenAt = new Date().toISOString();
    const cut = await takeCut(pools, { live: true });
    try {
      await requireTopics(cut, kafka.TOPIC_PREFIX);
      const services = {
        users: await dumpService(folder, 'users', cut.snapshots.users),
        inventory: await dumpService(folder, 'inventory', cut.snapshots.inventory),
        orders: await dumpService(folder, 'orders', cut.snapshots.orders),
      };
      const manifest = { takenAt, topicPrefix: kafka.TOPIC_PREFIX, services };
      requireAllTables(manifest, parts);
      await writeManifest(folder, manifest);
      return told(folder, manifest);
    } finally {
      cut.release();
    }
  } finally {
    await closeServicePools(pools);
  }
}

async function requireEmptyFolder(folder: string): Promise<void> {
  await mkdir(folder, { recursive: true, mode: 0o700 });
  if ((await readdir(folder)).length > 0)
    throw new Error(`${folder} is not empty: a backup is written into a folder of its own`);
}

/** A restore tells each consumer what of the others' logs counts, by their topics: they must be known. */
async function requireTopics({ snapshots }: Cut, prefix: string): Promise<void> {
  for (const { service, publishes } of TRAFFIC) {
    const topic = `${prefix}${publishes}`;
    const schema = z.object({ topic: z.string() });
    const rows = await queryRows(snapshots[service].connection, schema, 'SELECT topic FROM topics');
    if (rows.some((row) => row.topic === topic)) continue;
    const known = rows.map((row) => row.topic).join(', ');
    throw new Error(
      `${service} has never published to ${topic} (but to: ${known || 'none'}): see TOPIC_PREFIX, or start it once`,
    );
  }
}

/** A table that the service's user may not see would be left out without a word. */
function requireAllTables({ services }: Omit<Manifest, 'format'>, parts: ServiceParts): void {
  for (const service of DATA_SERVICES) {
    const saved = new Set(services[service].tables.map(({ name }) => name));
    const { tables } = combineSchemas(eventStoreSchema, parts[service].schema);
    const missing = tables
      .map(({ entity: { options } }) => options.tableName ?? options.name)
      .filter((name) => !saved.has(name));
    if (missing.length > 0)
      throw new Error(
        `${services[service].database} has no ${missing.join(', ')} that the user of ${service} may read: run orderflow migrate ${service}`,
      );
  }
}

function told(folder: string, manifest: Omit<Manifest, 'format'>): VerbResult {
  const tables = Object.values(manifest.services).flatMap((service) => service.tables);
  const rows = tables.reduce((sum, table) => sum + table.rows, 0);
  const bytes = tables.reduce((sum, table) => sum + table.bytes, 0);
  const cut = DATA_SERVICES.map((service) => headOf(service, manifest.services[service]));
  return {
    line:
      `Backed up to ${folder}: ${cut.join(', ')} at one cut; ${tables.length} tables, ${rows} rows, ` +
      `${(bytes / 1e6).toFixed(1)} MB. It holds personal data (user_personal_data).`,
    json: {
      folder,
      takenAt: manifest.takenAt,
      ...{ tables: tables.length, rows, bytes },
      cut: Object.fromEntries(
        DATA_SERVICES.map((service) => {
          const { incarnation, position } = manifest.services[service];
          return [service, { incarnation, position }];
        }),
      ),
    },
  };
}

/** `orders up to 1.42`. */
export function headOf(service: string, { incarnation, position }: SavedService): string {
  return `${service} up to ${incarnation}.${position}`;
}
