// The four services as processes of a test, on databases, topics and ports of their own.
import { spawn, type ChildProcess } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { mkdirSync, openSync } from 'node:fs';
import { createServer, type AddressInfo } from 'node:net';
import path from 'node:path';
import { createConnection } from 'mysql2/promise';
import { eventually } from '@orderflow/shared/testing/eventually.ts';
import { testInfra, type TestInfra } from '@orderflow/shared/testing/infra.ts';

const CHECKOUT = path.resolve(import.meta.dirname, '../..');

/** The services, in an order in which each needs only those before it; they end the other way round. */
export const SERVICES = ['users', 'inventory', 'orders', 'gateway'] as const;
export type ServiceName = (typeof SERVICES)[number];

/** One process of a service. */
export interface ServiceProcess {
  readonly name: ServiceName;
  readonly url: string;
  /** Ends it as a crash would: no handler runs, nothing is flushed. */
  kill(): Promise<void>;
  /** Starts it (again) on the same port with the same settings, and waits until it is ready. */
  start(): Promise<void>;
  /** Ends it with SIGTERM and gives its exit code. */
  stop(): Promise<number | null>;
}

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
 * Starts the system on the test infrastructure. `settings` are added to every service's environment.
 * Everything that it makes has a name of its own, so stacks do not disturb each other.
 */
export async function startStack(settings: Readonly<Record<string, string>> = {}): Promise<Stack> {
  const infra = testInfra();
  const namespace = `e2e_${randomBytes(4).toString('hex')}`;
  const databases = databasesOf(namespace);
  const ports = await freePorts(SERVICES.length);
  const urlOf = (name: ServiceName) => `http://127.0.0.1:${ports[SERVICES.indexOf(name)] ?? 0}`;
  const environmentOf = (name: ServiceName, port: number) => ({
    ...settings,
    ...Object.fromEntries(SERVICES.map((peer) => [`${peer.toUpperCase()}_URL`, urlOf(peer)])),
    ...environment(infra, namespace, name, port),
    ...(name === 'gateway' ? {} : databaseEnvironment(infra, databases[name])),
  });
  const processes: ServiceProcess[] = [];
  const add = async (name: ServiceName, port: number): Promise<ServiceProcess> => {
    const logFile = path.join(
      CHECKOUT,
      '.orderflow',
      'test-logs',
      `${namespace}-${name}-${port}.log`,
    );
    const added = describeProcess(name, port, environmentOf(name, port), logFile);
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
    PATH: process.env.PATH,
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

/** A process of a service that does not run yet; what it says is added to `logFile`. */
export function describeProcess(
  name: ServiceName,
  port: number,
  env: Readonly<Record<string, string | undefined>>,
  logFile: string,
): ServiceProcess {
  const url = `http://127.0.0.1:${port}`;
  let running: ChildProcess | undefined;
  const end = async (signal: 'SIGTERM' | 'SIGKILL'): Promise<number | null> => {
    const ended = running;
    if (ended === undefined) return null;
    if (ended.exitCode === null && ended.signalCode === null) {
      const exited = new Promise((resolve) => ended.once('exit', resolve));
      ended.kill(signal);
      await exited;
    }
    running = undefined;
    return ended.exitCode;
  };
  return {
    name,
    url,
    start: async () => {
      mkdirSync(path.dirname(logFile), { recursive: true });
      const log = openSync(logFile, 'a');
      // Its standard input is a pipe of this process: when the test is killed the pipe closes and the service ends.
      running = spawn(process.execPath, [`services/${name}/src/main.ts`], {
        cwd: CHECKOUT,
        env,
        stdio: ['pipe', log, log],
      });
      const started = running;
      await eventually(
        async () => {
          if (started.exitCode !== null) throw new Error(`exit code ${started.exitCode}`);
          return (await fetch(`${url}/readyz`)).ok;
        },
        `${name} is ready (its log: ${path.relative(CHECKOUT, logFile)})`,
      );
    },
    kill: async () => {
      await end('SIGKILL');
    },
    stop: () => end('SIGTERM'),
  };
}

/** Ports that were free a moment ago. */
async function freePorts(count: number): Promise<number[]> {
  const servers = Array.from({ length: count }, () => createServer());
  const ports = await Promise.all(
    servers.map(
      (server) =>
        new Promise<number>((resolve) => {
          server.listen(0, '127.0.0.1', () => {
            resolve((server.address() as AddressInfo).port);
          });
        }),
    ),
  );
  await Promise.all(servers.map((server) => new Promise((resolve) => server.close(resolve))));
  return ports;
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
