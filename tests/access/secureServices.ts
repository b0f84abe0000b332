// The services as processes on a Kafka that asks each of them for a log-in.
import { execFile } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import path from 'node:path';
import { promisify } from 'node:util';
import { createConnection } from 'mysql2/promise';
import { z } from 'zod';
import { testInfra, type TestInfra } from '@orderflow/shared/testing/infra.ts';
import { freePorts } from '../../local/process/probes.ts';
import { createClient } from '../stack/client.ts';
import { addProduct, placeOrder, registerUsers } from '../stack/shop.ts';
import { asProcess, describeService, SERVICES, type ServiceName } from '../stack/serviceProcess.ts';

const CHECKOUT = path.resolve(import.meta.dirname, '../..');
const endSchema = z.object({ code: z.number().nullable(), stdout: z.string() });

type Environment = Readonly<Record<string, string>>;

/** What the processes are told of Kafka. */
export interface SecureKafka {
  readonly settings: Environment;
  readonly passwords: Environment;
}

/**
 * Starts the services, each with the log-in of its own name, places an order through the gateway, and gives the status
 * of its answer; everything is stopped and dropped at the end.
 */
export async function placeOneOrder(kafka: SecureKafka): Promise<number> {
  const infra = testInfra();
  const namespace = `access_${randomBytes(4).toString('hex')}`;
  const ports = await freePorts(SERVICES.length);
  const urlOf = (name: ServiceName) => `http://127.0.0.1:${ports[SERVICES.indexOf(name)] ?? 0}`;
  const urls = Object.fromEntries(
    SERVICES.map((name) => [`${name.toUpperCase()}_URL`, urlOf(name)]),
  );
  const processes = SERVICES.map((name, index) => {
    const port = ports[index] ?? 0;
    const own = name === 'gateway' ? {} : ownSettings(infra, kafka, namespace, name);
    const env = { ...urls, PORT: String(port), EXIT_WITH_PARENT: 'true', ...own };
    const spec = { name, instance: `${namespace}-${name}`, port, env };
    // A process in any case: the file of the authority is on this host.
    return describeService(spec, asProcess(spec));
  });
  const { call, close } = createClient(urlOf('gateway'));
  try {
    await Promise.all(processes.map((each) => each.start()));
    const [userId = 0] = await registerUsers(call, 1);
    const productId = await addProduct(call, 'ticket', 1);
    return (await placeOrder(call, { userId, productId })).status;
  } finally {
    close();
    await Promise.all(processes.map((each) => each.stop()));
    await dropDatabases(infra, namespace);
  }
}

/** Starts users with a password that is not its own, and gives how it ended: its exit code and its last line. */
export async function startRefused({
  settings,
}: SecureKafka): Promise<{ code: unknown; told: string }> {
  const infra = testInfra();
  const namespace = `access_${randomBytes(4).toString('hex')}`;
  const own = ownSettings(infra, { settings, passwords: { users: 'guess' } }, namespace, 'users');
  try {
    const program = promisify(execFile)(process.execPath, ['services/users/src/main.ts'], {
      ...{ cwd: CHECKOUT, env: { ...own, PORT: '0' }, timeout: 60_000 },
    });
    const ended = await program.catch((error: unknown) => endSchema.parse(error));
    return { code: 'code' in ended ? ended.code : 0, told: ended.stdout };
  } finally {
    await dropDatabases(infra, namespace);
  }
}

function ownSettings(
  { mysql }: TestInfra,
  { settings, passwords }: SecureKafka,
  namespace: string,
  name: Exclude<ServiceName, 'gateway'>,
): Environment {
  return {
    ...settings,
    KAFKA_SASL_USERNAME: name,
    KAFKA_SASL_PASSWORD: passwords[name] ?? '',
    MYSQL_HOST: mysql.host,
    MYSQL_PORT: String(mysql.port),
    MYSQL_ADMIN_USER: mysql.adminUser,
    MYSQL_ADMIN_PASSWORD: mysql.adminPassword,
    MYSQL_DATABASE: databaseOf(namespace, name),
    MYSQL_USER: databaseOf(namespace, name),
  };
}

function databaseOf(namespace: string, name: ServiceName): string {
  return `${namespace}_${name}`;
}

async function dropDatabases({ mysql }: TestInfra, namespace: string): Promise<void> {
  const { host, port, adminUser: user, adminPassword: password } = mysql;
  const connection = await createConnection({ host, port, user, password });
  for (const name of SERVICES) {
    await connection.query(`DROP DATABASE IF EXISTS ${databaseOf(namespace, name)}`);
    await connection.query(`DROP USER IF EXISTS ${databaseOf(namespace, name)}`);
  }
  await connection.end();
}
