// What the benchmark stands on: a MariaDB and a Kafka of its own, durable, on a disk; one of each for all contenders.
import { mkdirSync, rmSync, statfsSync } from 'node:fs';
import path from 'node:path';
import { createPool, type Pool, type RowDataPacket } from 'mysql2/promise';
import { findLodging } from '../local/embedded/account.ts';
import { LaunchFailure } from '../local/failure.ts';
import { startEmbedded } from '../local/infra/embedded.ts';
import { ownedName, removeLeftovers } from '../local/leftovers.ts';
import { STATE_DIR, testPlaces, type RunPlaces } from '../local/places.ts';
import { runningProcesses } from '../local/process/pidFiles.ts';
import { startWarden } from '../local/process/startWarden.ts';
import type { Report } from '../local/report.ts';
import type { LauncherSettings } from '../local/settings.ts';
import type { Shutdown } from '../local/shutdown.ts';

/** What must be so for 'committed' to mean 'on the disk'. Names as `SHOW GLOBAL VARIABLES` has them. */
const DURABLE: Readonly<Record<string, string>> = {
  innodb_flush_log_at_trx_commit: '1',
  sync_binlog: '1',
  log_bin: 'ON',
};
const SHOWN = ['binlog_format', 'innodb_flush_method', 'innodb_buffer_pool_size'];
/** f_type of a file system in memory, see statfs(2). */
const IN_MEMORY = [0x01021994, 0x858458f6];

/** The account of MySQL that may do everything. */
export interface AdminAccess {
  readonly host: string;
  readonly port: number;
  readonly user: string;
  readonly password: string;
}

/** The servers, as the contenders and the measuring see them. */
export interface Ground {
  readonly brokers: readonly string[];
  readonly mysql: AdminAccess;
  /** As the administrator; for seeding, books and counters. */
  readonly admin: Pool;
  readonly places: RunPlaces;
  readonly settings: LauncherSettings;
  /** The broker's log directory. */
  readonly kafkaLogDir: string;
  /** 'mysql' and 'kafka'. */
  readonly serverPids: readonly { readonly name: string; readonly pid: number }[];
  /** The durable settings as the server tells them. */
  readonly durability: Readonly<Record<string, string>>;
  readonly databaseVersion: string;
}

/** Starts both servers with empty data. A LaunchFailure when they do not come up, or would lose what they committed. */
export async function startGround(
  settings: LauncherSettings,
  report: Report,
  shutdown: Shutdown,
): Promise<Ground> {
  const places = testPlaces(ownedName('test'));
  const { home } = findLodging();
  await removeLeftovers(STATE_DIR);
  mkdirSync(places.logDir, { recursive: true });
  startWarden(places.runDir);
  const dataDir = path.join(home, places.name);
  // Last of all: the servers that write there have ended.
  shutdown.add('containers', () => {
    rmSync(dataDir, { recursive: true, force: true });
    rmSync(path.join(STATE_DIR, places.name), { recursive: true, force: true });
    return Promise.resolve();
  });
  const access = await startEmbedded(places, settings, report, shutdown);
  const { adminUser: user = '', adminPassword: password = '', host, port } = access.mysql;
  const mysql = { host, port, user, password };
  const admin = createPool({ ...mysql, connectionLimit: 4 });
  shutdown.add('kafka', () => admin.end());
  const serverPids = runningProcesses(places.runDir).map(({ name, pid }) => ({
    name: name.startsWith('kafka') ? 'kafka' : 'mysql',
    pid,
  }));
  return {
    brokers: access.brokers,
    mysql,
    admin,
    places,
    settings,
    kafkaLogDir: path.join(dataDir, 'kafka', 'log'),
    serverPids,
    durability: await requireDurable(admin, dataDir),
    databaseVersion: (await globalVariables(admin, ['version'])).version ?? 'unknown',
  };
}

async function requireDurable(admin: Pool, dataDir: string): Promise<Record<string, string>> {
  const found = await globalVariables(admin, [...Object.keys(DURABLE), ...SHOWN]);
  const wrong = Object.entries(DURABLE).filter(([name, value]) => found[name] !== value);
  if (wrong.length > 0) {
    const list = wrong.map(([name, value]) => `${name}=${found[name] ?? ''}, not ${value}`);
    throw new LaunchFailure(
      `The database would lose commits in a crash: ${list.join(', ')}`,
      'Figures of such a server mean nothing here; see serverArguments in local/embedded/mariadb.ts.',
    );
  }
  if (IN_MEMORY.includes(statfsSync(dataDir).type)) {
    throw new LaunchFailure(
      'The data of MySQL and Kafka would lie in memory, where an fsync costs nothing',
      'Run the benchmark from a checkout on a disk.',
    );
  }
  return found;
}

async function globalVariables(
  admin: Pool,
  names: readonly string[],
): Promise<Record<string, string>> {
  const [rows] = await admin.query<RowDataPacket[]>(
    'SHOW GLOBAL VARIABLES WHERE Variable_name IN (?)',
    [names],
  );
  return Object.fromEntries(rows.map((row) => [String(row.Variable_name), String(row.Value)]));
}
