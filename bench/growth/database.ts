// The database server of the growth measurement: embedded, durable, with a data folder that is removed afterwards.
import { mkdirSync, rmSync } from 'node:fs';
import path from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { createPool, type Pool, type RowDataPacket } from 'mysql2/promise';
import { readDurabilityFaults } from '@orderflow/shared/runtime/durability.ts';
import { findLodging } from '../../local/embedded/account.ts';
import { prepareMariadb } from '../../local/embedded/mariadb.ts';
import { preparePrograms } from '../../local/embedded/programs.ts';
import { LaunchFailure } from '../../local/failure.ts';
import { ownedName, removeLeftovers } from '../../local/leftovers.ts';
import { STATE_DIR, testPlaces } from '../../local/places.ts';
import { freePorts } from '../../local/process/probes.ts';
import { startWarden } from '../../local/process/startWarden.ts';
import { createSupervisor } from '../../local/process/supervise.ts';
import type { Report } from '../../local/report.ts';
import { readSettings } from '../../local/settings.ts';
import type { Shutdown } from '../../local/shutdown.ts';

const SETTLE_LIMIT_MS = 600_000;
const SETTLE_LOOK_MS = 500;
const FEW_DIRTY_PAGES = 100;
const USUAL_DIRTY_PERCENT = 90;

/** The way in, in the words of test databases, and a pool of the administrator. */
export interface GrowthServer {
  readonly mysql: {
    readonly host: string;
    readonly port: number;
    readonly adminUser: string;
    readonly adminPassword: string;
  };
  readonly admin: Pool;
  readonly dataDir: string;
}

/** Starts the server on an empty data folder. */
export async function startGrowthServer(report: Report, shutdown: Shutdown): Promise<GrowthServer> {
  const settings = readSettings();
  const places = testPlaces(ownedName('test'));
  const lodging = findLodging();
  await removeLeftovers(STATE_DIR);
  await removeLeftovers(lodging.home);
  mkdirSync(places.logDir, { recursive: true });
  startWarden(places.runDir);
  const dataDir = path.join(lodging.home, places.name);
  // Ended last: the server has stopped writing there.
  shutdown.add('containers', () => {
    rmSync(dataDir, { recursive: true, force: true });
    rmSync(path.join(STATE_DIR, places.name), { recursive: true, force: true });
    return Promise.resolve();
  });
  const logOf = (name: string) => path.join(places.logDir, `${name}.log`);
  const [port = 0] = await freePorts(1);
  const server = await prepareMariadb({
    programs: await preparePrograms(lodging, settings, logOf('maven'), report),
    dataDir: path.join(dataDir, 'mariadb'),
    runDir: places.runDir,
    logFile: logOf('mariadb'),
    port,
    account: lodging.account,
    env: settings.inherited,
  });
  const supervisor = createSupervisor(server.process, report);
  shutdown.add('database', supervisor.stop);
  await supervisor.start();
  const { adminUser, adminPassword } = server;
  const access = { host: '127.0.0.1', port, user: adminUser, password: adminPassword };
  const admin = createPool({ ...access, connectionLimit: 2 });
  shutdown.add('kafka', () => admin.end());
  return { mysql: { host: access.host, port, adminUser, adminPassword }, admin, dataDir };
}

/** A LaunchFailure unless the server keeps what it has committed. */
export async function requireDurable({ admin }: Pick<GrowthServer, 'admin'>): Promise<void> {
  const faults = await readDurabilityFaults(admin);
  if (faults.length === 0) return;
  throw new LaunchFailure(
    `The database would lose commits in a crash: ${faults.join('; ')}`,
    'Figures of such a server mean nothing here; see serverArguments in local/embedded/mariadb.ts.',
  );
}

/**
 * Waits until what was filled in is written to the data files: else the server writes it while appends are timed. Rejects
 * when that takes longer than ten minutes.
 */
export async function settle({ admin }: Pick<GrowthServer, 'admin'>): Promise<void> {
  await admin.query('SET GLOBAL innodb_max_dirty_pages_pct = 0');
  try {
    const deadline = performance.now() + SETTLE_LIMIT_MS;
    while ((await countDirtyPages(admin)) > FEW_DIRTY_PAGES) {
      if (performance.now() > deadline)
        throw new Error('The server does not get its pages written');
      await wait(SETTLE_LOOK_MS);
    }
  } finally {
    await admin.query(`SET GLOBAL innodb_max_dirty_pages_pct = ${USUAL_DIRTY_PERCENT}`);
  }
}

async function countDirtyPages(admin: Pool): Promise<number> {
  const [rows] = await admin.query<RowDataPacket[]>(
    "SHOW GLOBAL STATUS LIKE 'Innodb_buffer_pool_pages_dirty'",
  );
  return Number(rows[0]?.Value);
}
