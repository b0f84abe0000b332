// Orderflow: the four services as `npm start` runs them, on databases, topics and ports of their own.
import { randomBytes } from 'node:crypto';
import type { InfraAccess } from '../../../local/infra/infra.ts';
import { freePorts } from '../../../local/process/probes.ts';
import {
  describeService,
  placeServices,
  SERVICE_NAMES,
  type ServicePlace,
} from '../../../local/services.ts';
import type { LauncherSettings } from '../../../local/settings.ts';
import type { Ground } from '../../ground.ts';
import { startMeasured, type MeasuredProcess } from '../../processes.ts';
import type { Contender, RunningContender } from '../contender.ts';
import { startBalancer } from './balance.ts';
import { readOrderflowBooks, type OrderflowDatabases } from './books.ts';
import { seedThrough } from './seed.ts';

const HOST = '127.0.0.1';

/** One process of each service. */
export const orderflow: Contender = {
  name: 'orderflow',
  variant: '',
  poolSizes: [4, 8, 16, 32],
  mayOversell: false,
  start: (ground, poolSize) => startOrderflow(ground, poolSize, 1),
};

/** Two of orders and of inventory. The gateway reaches both of orders through a balancer of connections, as through a Kubernetes Service. */
export const orderflowReplicas: Contender = {
  ...orderflow,
  name: 'orderflow-replicas',
  start: (ground, poolSize) => startOrderflow(ground, poolSize, 2),
};

/** Where one start's things are. */
interface Layout {
  readonly databases: OrderflowDatabases;
  readonly topicPrefix: string;
  /** As peers reach the services. */
  readonly places: readonly ServicePlace[];
  readonly settings: LauncherSettings;
}

async function startOrderflow(
  ground: Ground,
  poolSize: number,
  replicas: number,
): Promise<RunningContender> {
  const layout = await lay(ground, poolSize);
  const processes: MeasuredProcess[] = [];
  const close = async () => {
    for (const name of ['gateway', 'balancer', 'orders', 'inventory', 'users'])
      await Promise.all(processes.filter((p) => p.name.startsWith(name)).map((p) => p.stop()));
    for (const database of Object.values(layout.databases)) {
      await ground.admin.query(`DROP DATABASE IF EXISTS ${database}`);
      await ground.admin.query(`DROP USER IF EXISTS ${database}`);
    }
  };
  try {
    await startProcesses(ground, layout, replicas, processes);
  } catch (error) {
    await close();
    throw error;
  }
  const address = { host: HOST, port: placeOf(layout, 'gateway').port };
  const { databases, topicPrefix } = layout;
  return {
    address,
    processes,
    topicPrefix,
    seedUsers: (count) =>
      seedThrough(address, '/user', count, (name) => ({ email: `${name}@example.com` })),
    seedProducts: (count, stock) =>
      seedThrough(address, '/inventory', count, (name) => ({ name, count: stock })),
    readBooks: (productIds) => readOrderflowBooks(ground.admin, databases, productIds),
    close,
  };
}

async function lay(ground: Ground, poolSize: number): Promise<Layout> {
  const namespace = `bench_${randomBytes(4).toString('hex')}`;
  const databases = {
    users: `${namespace}_users`,
    inventory: `${namespace}_inventory`,
    orders: `${namespace}_orders`,
  };
  const ports = await freePorts(SERVICE_NAMES.length);
  const settings: LauncherSettings = {
    ...ground.settings,
    host: HOST,
    inherited: {
      ...ground.settings.inherited,
      TOPIC_PREFIX: `${namespace}.`,
      MYSQL_POOL_SIZE: String(poolSize),
      ...Object.fromEntries(
        SERVICE_NAMES.flatMap((name, index) => {
          const prefix = name.toUpperCase();
          return [
            [`${prefix}_PORT`, String(ports[index])],
            [`${prefix}_KAFKA_GROUP_ID`, `${namespace}-${name}`],
          ];
        }),
      ),
      ...Object.fromEntries(
        Object.entries(databases).flatMap(([name, database]) => [
          [`${name.toUpperCase()}_MYSQL_DATABASE`, database],
          [`${name.toUpperCase()}_MYSQL_USER`, database],
        ]),
      ),
    },
  };
  return {
    databases,
    topicPrefix: `${namespace}.`,
    places: placeServices(settings),
    settings,
  };
}

async function startProcesses(
  ground: Ground,
  layout: Layout,
  replicas: number,
  processes: MeasuredProcess[],
): Promise<void> {
  const run = async (place: ServicePlace, name: string) => {
    const { spec } = describeService(
      place,
      layout.places,
      accessOf(ground),
      ground.places,
      layout.settings,
    );
    const own = { ...spec, name, logFile: spec.logFile.replace(place.name, name) };
    processes.push(await startMeasured(own, `${place.url}/readyz`, ground));
  };
  if (replicas === 1) {
    // Together: inventory is ready only when the topic of orders is there, and orders waits for inventory's.
    await Promise.all(layout.places.map((place) => run(place, place.name)));
    return;
  }
  const copies = await Promise.all(
    layout.places.map(async (place) => {
      if (place.name !== 'orders' && place.name !== 'inventory') return [place];
      const ports = await freePorts(replicas);
      return ports.map((port) => ({ ...place, port, url: `http://${HOST}:${port}` }));
    }),
  );
  // Peers know each replicated service by its balancer's address.
  for (const name of ['orders', 'inventory'] as const) {
    const targets = copies.flat().filter((place) => place.name === name);
    const ports = targets.map((place) => place.port);
    processes.push(await startBalancer(ground, name, placeOf(layout, name).port, ports));
  }
  await Promise.all(
    copies.flatMap((list) =>
      list.map((place, index) =>
        run(place, index === 0 ? place.name : `${place.name}-${index + 1}`),
      ),
    ),
  );
}

function accessOf(ground: Ground): InfraAccess {
  const { host, port, user, password } = ground.mysql;
  return {
    brokers: ground.brokers,
    mysql: { host, port, adminUser: user, adminPassword: password },
  };
}

function placeOf(layout: Layout, name: ServicePlace['name']): ServicePlace {
  const found = layout.places.find((place) => place.name === name);
  if (found === undefined) throw new Error(`There is no place for ${name}`);
  return found;
}
