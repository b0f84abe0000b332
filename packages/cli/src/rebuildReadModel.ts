// Which read models there are, where their events come from, and what a rebuild of one has found.
import type { Pool } from 'mysql2/promise';
import type { DomainEvent } from '@orderflow/shared/eventstore/decider.ts';
import type { EventCodec } from '@orderflow/shared/eventstore/eventStore.ts';
import { ownLogSource } from '@orderflow/shared/eventstore/foldSource.ts';
import type { Projection, Row } from '@orderflow/shared/eventstore/projection.ts';
import { rebuildReadModel, type RebuildReport } from '@orderflow/shared/eventstore/rebuild.ts';
import type { TableDifference } from '@orderflow/shared/eventstore/shadowTables.ts';
import { factSource } from '@orderflow/shared/messaging/factSource.ts';
import type { ToMessages } from '@orderflow/shared/messaging/relayBatch.ts';
import { createMysqlTopicRecords } from '@orderflow/shared/messaging/topic.ts';
import { DATA_SERVICES, readSystemConfig, type DataService, type SystemConfig } from './config.ts';
import { loadServiceParts, openServicePool, type ServiceParts } from './serviceLogs.ts';
import type { VerbResult } from './verb.ts';

/** A projection of a service; `publisher`: whose events it folds, if they are not its own. */
interface ReadModel {
  readonly service: DataService;
  readonly projection: Projection<DomainEvent>;
  readonly publisher?: DataService;
}

/** What orders remembers of the others. */
const OF_OTHERS: Readonly<Record<string, DataService>> = {
  'orders.products': 'inventory',
  'orders.known_users': 'users',
};

function readModelsOf(parts: ServiceParts): readonly ReadModel[] {
  return DATA_SERVICES.flatMap((service) => {
    // Each folds the events of its own service, or of one publisher: the tables are asked for by name, and so are the events.
    const projections = parts[service].projections as readonly Projection<DomainEvent>[];
    return projections.map((projection): ReadModel => {
      const publisher = OF_OTHERS[`${service}.${projection.name}`];
      return { service, projection, ...(publisher === undefined ? {} : { publisher }) };
    });
  });
}

/** The verb `rebuild`: `name` is a table, with its service before it where that is needed. Throws what the rebuild throws. */
export async function rebuild(name: string, dryRun: boolean): Promise<VerbResult> {
  const parts = await loadServiceParts();
  const model = findReadModel(parts, name);
  const config = readSystemConfig();
  const { service, projection, publisher } = model;
  const pool = openServicePool(service, config.databases[service], 'admin');
  try {
    const options = { pool, dryRun, projections: [projection] };
    const report =
      publisher === undefined
        ? await rebuildReadModel({
            ...options,
            source: ownLogSource(pool, codecOf(parts, service)),
          })
        : await withPublisher(parts, publisher, service, config, (source) =>
            rebuildReadModel({ ...options, source }),
          );
    return {
      line: describe(service, report, dryRun),
      json: { service, dryRun, ...toJson(report) },
    };
  } finally {
    await pool.end();
  }
}

function findReadModel(parts: ServiceParts, name: string): ReadModel {
  const namesOf = ({ service, projection }: ReadModel) =>
    projection.tables.map((table) => `${service}.${table.name}`);
  const models = readModelsOf(parts);
  const found = models.filter((model) =>
    namesOf(model).some((full) => full === name || full.endsWith(`.${name}`)),
  );
  const [only, ...others] = found;
  if (only !== undefined && others.length === 0) return only;
  const names = (only === undefined ? models : found).flatMap(namesOf);
  throw new Error(
    `${only === undefined ? `There is no read model ${name}` : `${name} is the name of several read models`}: ` +
      `say one of ${names.join(', ')}`,
  );
}

async function withPublisher<T>(
  parts: ServiceParts,
  publisher: DataService,
  consumer: DataService,
  config: SystemConfig,
  work: (source: ReturnType<typeof factSource>) => Promise<T>,
): Promise<T> {
  const pool: Pool = openServicePool(publisher, config.databases[publisher]);
  try {
    const topic = `${config.kafka.TOPIC_PREFIX}${parts[publisher].topic}`;
    const partitionCount = await createMysqlTopicRecords(pool).read(topic);
    if (partitionCount === undefined)
      throw new Error(`${publisher} has never made ${topic}: see TOPIC_PREFIX`);
    return await work(
      factSource({
        ...{ publisher: pool, topic, partitionCount, consumer },
        codec: codecOf(parts, publisher),
        toMessages: parts[publisher].toMessages as ToMessages<DomainEvent>,
      }),
    );
  } finally {
    await pool.end();
  }
}

function codecOf(parts: ServiceParts, service: DataService): EventCodec<DomainEvent> {
  return parts[service].codec;
}

function describe(service: DataService, report: RebuildReport, dryRun: boolean): string {
  const { upTo, differences, repairedRows, looks } = report;
  const lines = differences.flatMap((difference) => describeTable(service, difference));
  const isSame = differences.every(({ keys }) => keys.length === 0);
  const verdict = isSame
    ? 'Nothing differs'
    : dryRun
      ? 'A dry run: nothing was changed'
      : `${repairedRows} rows were put right; compared ${looks} times, the last time nothing differed`;
  return [`Folded up to ${upTo}`, ...lines, verdict].join('\n');
}

function describeTable(service: DataService, difference: TableDifference): readonly string[] {
  const { table, rowsFound, rowsExpected, counts, examples } = difference;
  const { missing, extra, changed } = counts;
  return [
    `${service}.${table.name}: ${rowsFound} rows, ${rowsExpected} by the events; ${missing} missing, ${extra} too many, ${changed} changed`,
    ...examples.map(({ kind, found, expected }) => {
      const rows = [
        ...(found === undefined ? [] : [`    is     ${inWords(found)}`]),
        ...(expected === undefined ? [] : [`    should ${inWords(expected)}`]),
      ];
      return [`  ${kind}`, ...rows].join('\n');
    }),
  ];
}

function inWords(row: Row): string {
  return Object.entries(row)
    .map(([column, value]) => `${column}=${value ?? 'NULL'}`)
    .join(' ');
}

function toJson({ differences, ...report }: RebuildReport) {
  return {
    ...report,
    tables: differences.map(({ table, rowsFound, rowsExpected, counts, examples }) => ({
      ...{ table: table.name, rowsFound, rowsExpected, counts, examples },
    })),
  };
}
