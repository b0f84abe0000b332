// Infrastructure without Docker: MariaDB and Kafka as supervised child processes of the launcher.
import { rmSync } from 'node:fs';
import path from 'node:path';
import { findLodging, type Lodging } from '../embedded/account.ts';
import { prepareKafka } from '../embedded/kafka.ts';
import { prepareMariadb } from '../embedded/mariadb.ts';
import { preparePrograms } from '../embedded/programs.ts';
import { removeLeftovers } from '../leftovers.ts';
import type { RunPlaces } from '../places.ts';
import { freePorts } from '../process/probes.ts';
import { createSupervisor, type SupervisedProcess } from '../process/supervise.ts';
import type { Report } from '../report.ts';
import type { LauncherSettings } from '../settings.ts';
import type { Shutdown, Stoppable } from '../shutdown.ts';
import type { InfraAccess } from './infra.ts';

/** Removes the data of earlier starts. */
export function resetEmbedded(places: RunPlaces): void {
  rmSync(dataDir(findLodging(), places), { recursive: true, force: true });
}

/** Starts both servers on free ports, each on the data of its last run, and resolves when they answer. */
export async function startEmbedded(
  places: RunPlaces,
  settings: LauncherSettings,
  report: Report,
  shutdown: Shutdown,
): Promise<InfraAccess> {
  const lodging = findLodging();
  await removeLeftovers(lodging.home);
  const data = dataDir(lodging, places);
  report.step('infra', describeLodging(lodging, data));
  const logFile = (name: string) => path.join(places.logDir, `${name}.log`);
  const programs = await preparePrograms(lodging, settings, logFile('maven'), report);
  const [mysqlPort = 0, client = 0, controller = 0] = await freePorts(3);
  const { account } = lodging;
  const common = { runDir: places.runDir, account, env: settings.inherited, programs };

  const up = async (what: Stoppable, title: string, target: SupervisedProcess) => {
    const supervisor = createSupervisor(target, report);
    shutdown.add(what, supervisor.stop);
    report.step(target.spec.name, `${title} is starting`);
    await supervisor.start();
    report.step(target.spec.name, 'ready');
  };
  const upMariadb = async () => {
    const { databaseHome } = places;
    const dir = path.join(
      databaseHome === undefined ? data : path.join(databaseHome, places.name),
      'mariadb',
    );
    if (databaseHome !== undefined) report.step('mariadb', `data in memory, in ${dir}`);
    const place = { ...common, dataDir: dir, logFile: logFile('mariadb'), port: mysqlPort };
    const server = await prepareMariadb(place);
    await up('database', `MariaDB 11.4 at 127.0.0.1:${mysqlPort}`, server.process);
    return server;
  };
  const upKafka = async () => {
    const dir = path.join(data, 'kafka');
    const place = { ...common, dataDir: dir, logFile: logFile('kafka') };
    const broker = await prepareKafka({ ...place, nodeId: 1, ports: [{ client, controller }] });
    await up('kafka', `Apache Kafka 4.3 at 127.0.0.1:${client}`, broker);
  };
  const [{ adminUser, adminPassword }] = await Promise.all([upMariadb(), upKafka()]);
  return {
    brokers: [`127.0.0.1:${client}`],
    mysql: { host: '127.0.0.1', port: mysqlPort, adminUser, adminPassword },
  };
}

function describeLodging(lodging: Lodging, data: string): string {
  const account = lodging.account === undefined ? 'you' : `uid ${lodging.account.uid}, never root`;
  const why = lodging.elsewhere ? ', since that account cannot enter the checkout' : '';
  return `data in ${data}${why}; servers run as ${account}`;
}

function dataDir(lodging: Lodging, places: RunPlaces): string {
  return path.join(lodging.home, places.name);
}
