// Orderflow: the four services as `npm start` runs them, on databases, topics and ports of their own.
import { randomBytes } from 'node:crypto';
import path from 'node:path';
import { pathToFileURL } from 'node:url';
import type { InfraAccess } from '../../../local/infra/infra.ts';
import { CHECKOUT } from '../../../local/places.ts';
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
/** Who needs another ends before it; names begin with these. */
const STOP_ORDER = ['gateway', 'balancer', 'orders', 'inventory', 'users'];

type Environment = Readonly<Record<string, string>>;

/** One process of each service. */
export const orderflow: Contender = {
  name: 'orderflow',
  variant: '',
  poolSizes: [4, 8, 16, 32],
  usualPoolSize: 10,
  start: (ground, poolSize) => startOrderflow(ground, poolSize),
};

/** Two of orders and of inventory. Peers reach both of each through a balancer of connections, as through a Kubernetes Service. */
export const orderflowReplicas: Contender = {
  ...orderflow,
  name: 'orderflow-replicas',
  takesPoolOf: orderflow,
  start: (ground, poolSize) => startOrderflow(ground, poolSize, { replicas: 2 }),
};

/** Orderflow at work, of which single services can be stopped and started again. */
export interface RunningOrderflow extends RunningContender {
  readonly databases: OrderflowDatabases;
  /** Where peers reach a service. */
  readonly portOf: (name: ServicePlace['name']) => number;
  readonly stopService: (name: ServicePlace['name']) => Promise<void>;
  /** Starts a service that was stopped, and resolves when it is ready. */
  readonly startService: (name: ServicePlace['name']) => Promise<void>;
}

/** Where one start's things are. */
interface Layout {
  readonly databases: OrderflowDatabases;
  readonly topicPrefix: string;
  /** As peers reach the services. */
  readonly places: readonly ServicePlace[];
  readonly settings: LauncherSettings;
  readonly preload: string | undefined;
}

/** How Orderflow is started, where it is not as usual. */
export interface OrderflowOptions {
  /** Of orders and of inventory, each (1). */
  readonly replicas?: number;
  /** Settings that all services get. */
  readonly environment?: Environment;
  /** A file that is loaded into each service before its own: its path in the checkout. */
  readonly preload?: string;
}

/** Starts Orderflow. A LaunchFailure when a service does not get ready. */
export async function startOrderflow(
  ground: Ground,
  poolSize: number,
  { replicas = 1, environment = {}, preload }: OrderflowOptions = {},
): Promise<RunningOrderflow> {
  const settings = { MYSQL_POOL_SIZE: String(poolSize), ...environment };
  const layout = await lay(ground, settings, preload);
  const processes: MeasuredProcess[] = [];
  const stopAll = (name: string) =>
    Promise.all(processes.filter((each) => each.name.startsWith(name)).map((each) => each.stop()));
  const close = async () => {
    for (const name of STOP_ORDER) await stopAll(name);
    await dropDatabases(ground, layout);
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
    databases,
    portOf: (name) => placeOf(layout, name).port,
    seedUsers: (count) =>
      seedThrough(address, '/user', count, (name) => ({ email: `${name}@example.com` })),
    seedProducts: (count, stock) =>
      seedThrough(address, '/inventory', count, (name) => ({ name, count: stock })),
    readBooks: (productIds) => readOrderflowBooks(ground, databases, productIds),
    stopService: async (name) => {
      await stopAll(name);
      const left = processes.filter((each) => each.name !== name);
      processes.splice(0, Infinity, ...left);
    },
    startService: async (name) => {
      processes.push(await startService(ground, layout, placeOf(layout, name), name));
    },
    close,
  };
}

async function dropDatabases(ground: Ground, { databases }: Layout): Promise<void> {
  for (const database of Object.values(databases)) {
    await ground.admin.query(`DROP DATABASE IF EXISTS ${database}`);
    await ground.admin.query(`DROP USER IF EXISTS ${database}`);
  }
}

async function lay(
  ground: Ground,
  environment: Environment,
  preload: string | undefined,
): Promise<Layout> {
  const namespace = `bench_${randomBytes(4).toString('hex')}`;
  const topicPrefix = `${namespace}.`;
  const databases = {
    users: `${namespace}_users`,
    inventory: `${namespace}_inventory`,
    orders: `${namespace}_orders`,
  };
  const ports = await freePorts(SERVICE_NAMES.length);
  const own: Record<string, string> = {};
  SERVICE_NAMES.forEach((name, index) => {
    own[`${name.toUpperCase()}_PORT`] = String(ports[index]);
    own[`${name.toUpperCase()}_KAFKA_GROUP_ID`] = `${namespace}-${name}`;
  });
  for (const [name, database] of Object.entries(databases)) {
    own[`${name.toUpperCase()}_MYSQL_DATABASE`] = database;
    own[`${name.toUpperCase()}_MYSQL_USER`] = database;
  }
  const inherited = {
    ...ground.settings.inherited,
    TOPIC_PREFIX: topicPrefix,
    ...environment,
    ...own,
  };
  const settings: LauncherSettings = { ...ground.settings, host: HOST, inherited };
  return { databases, topicPrefix, places: placeServices(settings), settings, preload };
}

async function startProcesses(
  ground: Ground,
  layout: Layout,
  replicas: number,
  processes: MeasuredProcess[],
): Promise<void> {
  const run = async (place: ServicePlace, name: string) => {
    processes.push(await startService(ground, layout, place, name));
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
  for (const name of ['orders', 'inventory'] as const) {
    const targets = copies.flat().filter((place) => place.name === name);
    const ports = targets.map((place) => place.port);
    processes.push(await startBalancer(ground, name, placeOf(layout, name).port, ports));
  }
  const titleOf = (name: string, index: number) => (index === 0 ? name : `${name}-${index + 1}`);
  await Promise.all(
    copies.flatMap((list) => list.map((place, index) => run(place, titleOf(place.name, index)))),
  );
}

function startService(
  ground: Ground,
  layout: Layout,
  place: ServicePlace,
  name: string,
): Promise<MeasuredProcess> {
  const { spec } = describeService(
    place,
    layout.places,
    accessOf(ground),
    ground.places,
    layout.settings,
  );
  const logFile = path.join(ground.places.logDir, `${name}.log`);
  const { preload } = layout;
  const args =
    preload === undefined
      ? spec.args
      : [`--import=${pathToFileURL(path.join(CHECKOUT, preload)).href}`, ...spec.args];
  return startMeasured({ ...spec, args, name, logFile }, `${place.url}/readyz`, ground);
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
