// The one file of the launcher that reads the environment.
import path from 'node:path';
import { LaunchFailure } from './failure.ts';

/** What the environment tells the launcher. */
export interface LauncherSettings {
  /** The whole environment, to be handed on to child processes. */
  readonly inherited: Readonly<Record<string, string | undefined>>;
  /** Servers that are there already; undefined where nothing was given. */
  readonly kafkaBrokers: string | undefined;
  readonly mysqlHost: string | undefined;
  readonly mysqlPort: number;
  readonly mysqlAdminUser: string | undefined;
  readonly mysqlAdminPassword: string | undefined;
  /** Ports on this machine for the servers of docker-compose.yml. */
  readonly dockerMysqlPort: number;
  readonly dockerKafkaPort: number;
  /** Where the services listen. */
  readonly host: string;
  readonly javaHome: string | undefined;
  /** Where helm, kubeconform and kube-score are looked for before the PATH. */
  readonly toolsDir: string | undefined;
  /** The directories of the PATH. */
  readonly searchPath: readonly string[];
  /** kubeconform's schemas, where they are not to be downloaded: its -schema-location. */
  readonly kubernetesSchemas: string | undefined;
}

/** Reads the launcher's settings; an empty text counts as not given. */
export function readSettings(
  env: Readonly<Record<string, string | undefined>> = process.env,
): LauncherSettings {
  const given = (name: string) => (env[name] === '' ? undefined : env[name]);
  return {
    inherited: env,
    kafkaBrokers: given('KAFKA_BROKERS'),
    mysqlHost: given('MYSQL_HOST'),
    mysqlPort: parsePort('MYSQL_PORT', given('MYSQL_PORT') ?? '3306'),
    mysqlAdminUser: given('MYSQL_ADMIN_USER'),
    mysqlAdminPassword: given('MYSQL_ADMIN_PASSWORD'),
    dockerMysqlPort: parsePort('ORDERFLOW_MYSQL_PORT', given('ORDERFLOW_MYSQL_PORT') ?? '3306'),
    dockerKafkaPort: parsePort('ORDERFLOW_KAFKA_PORT', given('ORDERFLOW_KAFKA_PORT') ?? '9092'),
    host: given('HOST') ?? '127.0.0.1',
    javaHome: given('JAVA_HOME'),
    toolsDir: given('ORDERFLOW_TOOLS_DIR'),
    searchPath: (given('PATH') ?? '').split(path.delimiter),
    kubernetesSchemas: given('ORDERFLOW_KUBERNETES_SCHEMAS'),
  };
}

/** The port in a setting; throws a LaunchFailure that names the setting when there is none. */
export function parsePort(name: string, text: string): number {
  const port = Number(text);
  if (Number.isInteger(port) && port >= 1 && port <= 65_535) return port;
  throw new LaunchFailure(`${name}=${text} is no port`, 'Give a whole number from 1 to 65535.');
}

/** Tells Testcontainers to do without its cleaner, whose image cannot be had everywhere: whoever starts containers stops them. */
export function withoutRyuk(): void {
  process.env.TESTCONTAINERS_RYUK_DISABLED ??= 'true';
}
