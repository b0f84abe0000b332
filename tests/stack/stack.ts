// The four services of a test, on databases, topics and ports of their own: containers of the images that `npm test` built,
// or processes.
import { randomBytes } from 'node:crypto';
import { createConnection } from 'mysql2/promise';
import { testInfra, type TestInfra } from '@orderflow/shared/testing/infra.ts';
import { freePorts } from '../../local/process/probes.ts';
import { imagesTag } from './config.ts';
import { asContainer } from './serviceContainer.ts';
import {
  asProcess,
  describeService,
  SERVICES,
  type ServiceName,
  type ServiceProcess,
  type ServiceSpec,
} from './serviceProcess.ts';

/** A running system. */
export interface Stack {
  readonly infra: TestInfra;
  readonly gatewayUrl: string;
  readonly topicPrefix: string;
  readonly databases: Readonly<Record<Exclude<ServiceName, 'gateway'>, string>>;
  /** The first process of a service. */
  service(name: ServiceName): ServiceProcess;
  /** Starts one more process of a service beside the others. */
  addReplica(name: ServiceName): Promise<ServiceProcess>;
  /** Stops everything and drops what it made. */
  close(): Promise<void>;
}

/**
 * Starts the system on the test infrastructure. `settings` are added to every service's environment, before what else
 * stands in it: with KAFKA_BROKERS it runs on a cluster of the test's own.
 * Everything that it makes has a name of its own, so stacks do not disturb each other.
 */
export async function startStack(settings: Readonly<Record<string, string>> = {}): Promise<Stack> {
  const infra = testInfra();
  const namespace = `e2e_${randomBytes(4).toString('hex')}`;
  const databases = databasesOf(namespace);
  const ports = await freePorts(SERVICES.length);
  const urlOf = (name: ServiceName) => `http://127.0.0.1:${ports[SERVICES.indexOf(name)] ?? 0}`;
  const environmentOf = (name: ServiceName, port: number) => ({
    ...Object.fromEntries(SERVICES.map((peer) => [`${peer.toUpperCase()}_URL`, urlOf(peer)])),
    ...environment(infra, namespace, name, port),
    ...(name === 'gateway' ? {} : databaseEnvironment(infra, databases[name])),
    ...settings,
  });
  const processes: ServiceProcess[] = [];
  const add = async (name: ServiceName, port: number): Promise<ServiceProcess> => {
    const instance = `${namespace}-${name}-${port}`;
    const spec = { name, instance, port, env: environmentOf(name, port) };
    const added = describeService(spec, kindOf(spec));
    processes.push(added);
    await added.start();
    return added;
  };
  const close = async () => {
    for (const name of SERVICES.toReversed())
      await Promise.all(processes.filter((each) => each.name === name).map((each) => each.stop()));
    await dropDatabases(infra, Object.values(databases));
  };
  try {
    // Together: inventory is ready only when the topic of orders is there, and orders waits for inventory's.
    await Promise.all(SERVICES.map((name, index) => add(name, ports[index] ?? 0)));
  } catch (error) {
    await close();
    throw error;
  }
  return {
    infra,
    gatewayUrl: urlOf('gateway'),
    topicPrefix: `${namespace}.`,
    databases,
    service: (name) => {
      const found = processes.find((running) => running.name === name);
      if (found === undefined) throw new Error(`No process of ${name} was started`);
      return found;
    },
    addReplica: async (name) => add(name, (await freePorts(1))[0] ?? 0),
    close,
  };
}

function databasesOf(namespace: string): Stack['databases'] {
  return {
    users: `${namespace}_users`,
    inventory: `${namespace}_inventory`,
    orders: `${namespace}_orders`,
  };
}

function environment(infra: TestInfra, namespace: string, name: ServiceName, port: number) {
  return {
    HOST: '127.0.0.1',
    PORT: String(port),
    EXIT_WITH_PARENT: 'true',
    KAFKA_BROKERS: infra.brokers.join(','),
    KAFKA_GROUP_ID: `${namespace}-${name}`,
    TOPIC_PREFIX: `${namespace}.`,
  };
}

function databaseEnvironment({ mysql }: TestInfra, database: string) {
  return {
    MYSQL_HOST: mysql.host,
    MYSQL_PORT: String(mysql.port),
    MYSQL_ADMIN_USER: mysql.adminUser,
    MYSQL_ADMIN_PASSWORD: mysql.adminPassword,
    MYSQL_DATABASE: database,
    MYSQL_USER: database,
  };
}

/** The one place that decides what the services of the tests are. */
function kindOf(spec: ServiceSpec) {
  const tag = imagesTag();
  return tag === undefined ? asProcess(spec) : asContainer(spec, tag);
}

async function dropDatabases(infra: TestInfra, databases: readonly string[]): Promise<void> {
  const { host, port, adminUser, adminPassword } = infra.mysql;
  const connection = await createConnection({
    host,
    port,
    user: adminUser,
    password: adminPassword,
  });
  for (const database of databases) {
    await connection.query(`DROP DATABASE IF EXISTS ${database}`);
    await connection.query(`DROP USER IF EXISTS ${database}`);
  }
  await connection.end();
}
