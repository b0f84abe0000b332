// The settings of the verbs: those of the services, by the same names. The one file of it that reads the environment.
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { z } from 'zod';
import {
  ConfigError,
  databaseSettings,
  databaseSettingsFit,
  readConfig,
  textSetting,
  urlSetting,
} from '@orderflow/shared/runtime/config.ts';
import { kafkaSettings, kafkaSettingsFit } from '@orderflow/shared/runtime/kafkaSettings.ts';
import type { MigrationConfig } from '@orderflow/shared/runtime/serviceDatabase.ts';

/** Reads how to reach the database of a service as its migration user. Throws ConfigError that lists every fault. */
export function readMigrationConfig(service: string): MigrationConfig {
  const settings = z
    .object({ ...databaseSettings(service), MYSQL_ADMIN_USER: textSetting('the migration user') })
    .superRefine(databaseSettingsFit);
  return readConfig(settings, process.env);
}

const kafkaAdminSettings = z.object(kafkaSettings()).superRefine(kafkaSettingsFit);

/** How Kafka is reached, and what its topics are called and made with. */
export type KafkaAdminConfig = z.output<typeof kafkaAdminSettings>;

/** Reads how to reach Kafka as an administrator, and what stands before the topics. Throws ConfigError that lists every fault. */
export function readKafkaAdminConfig(): KafkaAdminConfig {
  return readConfig(kafkaAdminSettings, process.env);
}

/** The services that have a database, in the order in which their heads are locked. */
export const DATA_SERVICES = ['users', 'inventory', 'orders'] as const;
export type DataService = (typeof DATA_SERVICES)[number];

const ownedSettings = (service: DataService) =>
  z.object(databaseSettings(service)).superRefine(databaseSettingsFit);

/** How the database of one service is reached; MYSQL_ADMIN_* where an administrator is named. */
export type ServiceDatabaseConfig = z.output<ReturnType<typeof ownedSettings>>;

/** All that a verb over the whole system needs to know. */
export interface SystemConfig {
  readonly databases: Readonly<Record<DataService, ServiceDatabaseConfig>>;
  readonly kafka: KafkaAdminConfig;
  /** Base URLs of the services' internal ports, e.g. to ask a relay to send again. */
  readonly urls: Readonly<Record<DataService, string>>;
}

type Environment = Readonly<Record<string, string | undefined>>;

/** Where `npm start` of this checkout tells how it is reached. */
const START_FILE = path.join(import.meta.dirname, '../../../.orderflow/run/access.json');

/** Settings that name one service's own things: without its name before them they are nobody's. */
const ONE_SERVICES_OWN = /^(MYSQL_(DATABASE|USER|PASSWORD|PASSWORD_FILE)|KAFKA_GROUP_ID)$/;

/**
 * Reads the settings of all three databases, of Kafka, and of the internal ports. A setting with a service's name before it
 * (ORDERS_MYSQL_PASSWORD) counts for that service alone; without it (MYSQL_HOST) for all. Where no MYSQL_HOST is given, the
 * file that ORDERFLOW_ACCESS_FILE names is read, by default the one that a running `npm start` of this checkout has
 * written; what the environment gives stands before what the file says. Throws ConfigError that lists every fault.
 */
export function readSystemConfig(environment: Environment = process.env): SystemConfig {
  const env = withAccessFile(environment);
  const faults: string[] = [];
  const read = <T>(service: string, work: () => T): T | undefined => {
    try {
      return work();
    } catch (error) {
      if (!(error instanceof ConfigError)) throw error;
      faults.push(...error.faults.map((fault) => `(${service}) ${fault}`));
      return undefined;
    }
  };
  const database = (service: DataService) =>
    read(service, () => readConfig(ownedSettings(service), environmentOf(service, env)));
  const [users, inventory, orders] = [database('users'), database('inventory'), database('orders')];
  const kafka = read('Kafka', () => readConfig(kafkaAdminSettings, env));
  const urls = read('internal ports', () => readConfig(urlSettings, env));
  const complete = users && inventory && orders && kafka && urls;
  if (!complete) throw new ConfigError(faults);
  return {
    databases: { users, inventory, orders },
    kafka,
    urls: { users: urls.USERS_URL, inventory: urls.INVENTORY_URL, orders: urls.ORDERS_URL },
  };
}

const urlSettings = z.object({
  USERS_URL: urlSetting().prefault('http://127.0.0.1:3011'),
  INVENTORY_URL: urlSetting().prefault('http://127.0.0.1:3012'),
  ORDERS_URL: urlSetting().prefault('http://127.0.0.1:3013'),
});

/** The environment as one service would have it. */
function environmentOf(service: DataService, env: Environment): Environment {
  const prefix = `${service.toUpperCase()}_`;
  const entries = Object.entries(env).filter(([, value]) => value !== undefined && value !== '');
  const shared = entries.filter(([name]) => !ONE_SERVICES_OWN.test(name));
  const own = entries.flatMap(([name, value]) =>
    name.startsWith(prefix) ? [[name.slice(prefix.length), value] as const] : [],
  );
  return Object.fromEntries([...shared, ...own]);
}

/** A server that is named by hand is another one than that of `npm start`, whose passwords would be no use there. */
function withAccessFile(env: Environment): Environment {
  const given = Object.entries(env).filter(([, value]) => value !== undefined && value !== '');
  const namesServer = given.some(([name]) => /^([A-Z]+_)?MYSQL_HOST$/.test(name));
  const file = env.ORDERFLOW_ACCESS_FILE ?? '';
  if (file === '' && namesServer) return env;
  return { ...readAccessFile(file), ...Object.fromEntries(given) };
}

function readAccessFile(file: string): Environment {
  let text: string;
  try {
    text = readFileSync(file === '' ? START_FILE : file, 'utf8');
  } catch (error) {
    // Nobody has asked for a file: without one the defaults count.
    if (file === '') return {};
    throw new ConfigError([
      `ORDERFLOW_ACCESS_FILE: given "${file}", expected a readable file (${String(error)})`,
    ]);
  }
  const parsed = z.record(z.string(), z.string()).safeParse(parseJson(text));
  if (parsed.success) return parsed.data;
  throw new ConfigError([
    `${file === '' ? START_FILE : file}: expected a JSON object of settings, each a text; \`npm start\` writes one`,
  ]);
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
