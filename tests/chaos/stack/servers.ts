// The database and the brokers of a chaos stack: those of `npm start`, and proxies before them.
import path from 'node:path';
import { findLodging } from '../../../local/embedded/account.ts';
import { prepareKafka, type KafkaPorts } from '../../../local/embedded/kafka.ts';
import { prepareMariadb } from '../../../local/embedded/mariadb.ts';
import { preparePrograms } from '../../../local/embedded/programs.ts';
import type { InfraAccess } from '../../../local/infra/infra.ts';
import type { RunPlaces } from '../../../local/places.ts';
import { freePorts } from '../../../local/process/probes.ts';
import type { Report } from '../../../local/report.ts';
import type { LauncherSettings } from '../../../local/settings.ts';
import { EDGE_SERVICES, startWays, type EdgeService, type Ways } from './edges.ts';
import { Kept } from './kept.ts';
import { mountSmallDisk, type SmallDisk } from './smallDisk.ts';

const HOST = '127.0.0.1';
/** InnoDB's files alone take some 150 MiB. */
const DATABASE_DISK_MIB = 400;
const BROKER_DISK_MIB = 48;

/** What kind of servers. */
export interface ServersKind {
  /** 1, behind proxies; or 3, with every topic on all of them and two of them in sync at least, spoken to directly. */
  readonly brokers: 1 | 3;
  /** The data of both servers lies on small disks of their own. */
  readonly smallDisks: boolean;
}

/** The running servers. */
export interface Servers {
  readonly database: Kept;
  readonly brokers: readonly Kept[];
  readonly ways: { readonly broker: Ways; readonly database: Ways };
  readonly disks: { readonly database: SmallDisk; readonly broker: SmallDisk } | undefined;
  /** How a service reaches them. */
  readonly accessOf: (service: EdgeService) => InfraAccess;
  readonly close: () => Promise<void>;
}

/** Starts them, empty. Whoever made `places` removes the data. */
export async function startServers(
  kind: ServersKind,
  places: RunPlaces,
  settings: LauncherSettings,
  report: Report,
): Promise<Servers> {
  const ground = await prepareGround(places, settings, report);
  const disks = kind.smallDisks
    ? {
        database: mountSmallDisk(ground.dataDir('mariadb'), DATABASE_DISK_MIB),
        broker: mountSmallDisk(ground.dataDir('kafka-1'), BROKER_DISK_MIB),
      }
    : undefined;
  const [databasePort = 0, ...free] = await freePorts(1 + 2 * kind.brokers + EDGE_SERVICES.length);
  const ports = Array.from({ length: kind.brokers }, (_, index): KafkaPorts => {
    return { client: free[2 * index] ?? 0, controller: free[2 * index + 1] ?? 0 };
  });
  const doors = free.slice(2 * kind.brokers);
  const doorOf = (service: EdgeService) => doors[EDGE_SERVICES.indexOf(service)] ?? 0;
  const ways = {
    broker: await startWays(doorOf),
    database: await startWays(() => databasePort),
  };
  const mariadb = await prepareMariadb({ ...ground.placeOf('mariadb'), port: databasePort });
  const database = new Kept('database', () => mariadb.process);
  const properties =
    kind.brokers === 1 ? doorProperties(ports[0], doorOf, ways.broker) : SAFE_COPIES;
  const brokers = await prepareBrokers(ground, ports, properties);
  await Promise.all([database, ...brokers].map((server) => server.start()));
  const { adminUser, adminPassword } = mariadb;
  return {
    ...{ database, brokers, ways, disks },
    accessOf: (service) => ({
      brokers: (kind.brokers === 1
        ? [ways.broker[service].port]
        : ports.map(({ client }) => client)
      ).map((port) => `${HOST}:${port}`),
      mysql: { host: HOST, port: ways.database[service].port, adminUser, adminPassword },
    }),
    close: async () => {
      await Promise.all([database, ...brokers].map((server) => server.stop()));
      for (const proxy of [ways.broker, ways.database].flatMap((each) => Object.values(each)))
        await proxy.close();
      disks?.database.unmount();
      disks?.broker.unmount();
    },
  };
}

/** Programs, and where each server keeps its things. */
async function prepareGround(places: RunPlaces, settings: LauncherSettings, report: Report) {
  const lodging = findLodging();
  const logFile = (name: string) => path.join(places.logDir, `${name}.log`);
  const dataDir = (name: string) => path.join(lodging.home, places.name, name);
  const programs = await preparePrograms(lodging, settings, logFile('maven'), report);
  const common = { programs, account: lodging.account, env: settings.inherited };
  const placeOf = (name: string) => ({
    ...common,
    ...{ runDir: places.runDir, dataDir: dataDir(name), logFile: logFile(name) },
  });
  return { dataDir, placeOf };
}

async function prepareBrokers(
  { placeOf }: Awaited<ReturnType<typeof prepareGround>>,
  ports: readonly KafkaPorts[],
  properties: Readonly<Record<string, string>>,
): Promise<Kept[]> {
  return Promise.all(
    ports.map(async (_, index) => {
      const nodeId = index + 1;
      const name = `kafka-${nodeId}`;
      const target = await prepareKafka({ ...placeOf(name), nodeId, ports, properties });
      return new Kept(name, () => target);
    }),
  );
}

const SAFE_COPIES = {
  'min.insync.replicas': '2',
  'offsets.topic.replication.factor': '3',
  'broker.session.timeout.ms': '3000',
  'broker.heartbeat.interval.ms': '500',
};

/**
 * Kafka tells its clients where to go, so a proxy is of no use unless the broker names it. Each service has a listener of
 * its own, which advertises that service's proxy.
 */
function doorProperties(
  ports: KafkaPorts | undefined,
  doorOf: (service: EdgeService) => number,
  proxies: Ways,
): Record<string, string> {
  const own = `PLAINTEXT://${HOST}:${ports?.client ?? 0}`;
  const listenerOf = (service: EdgeService, port: number) =>
    `${service.toUpperCase()}://${HOST}:${port}`;
  const names = EDGE_SERVICES.map((service) => `${service.toUpperCase()}:PLAINTEXT`);
  return {
    'listener.security.protocol.map': [
      'PLAINTEXT:PLAINTEXT',
      'CONTROLLER:PLAINTEXT',
      ...names,
    ].join(),
    listeners: [
      own,
      ...EDGE_SERVICES.map((service) => listenerOf(service, doorOf(service))),
      `CONTROLLER://${HOST}:${ports?.controller ?? 0}`,
    ].join(),
    'advertised.listeners': [
      own,
      ...EDGE_SERVICES.map((service) => listenerOf(service, proxies[service].port)),
    ].join(),
  };
}
