// Infrastructure that is there already: servers named by the environment.
import { LaunchFailure } from '../failure.ts';
import { kafkaAnswers, mysqlAnswers, parseAddress } from '../process/probes.ts';
import type { LauncherSettings } from '../settings.ts';
import type { InfraAccess } from './infra.ts';

/** The variables without which the environment names no servers. */
export function missingServers(settings: LauncherSettings): string[] {
  const needed = { KAFKA_BROKERS: settings.kafkaBrokers, MYSQL_HOST: settings.mysqlHost };
  return Object.entries(needed)
    .filter(([, value]) => value === undefined)
    .map(([name]) => name);
}

/** The servers that the environment names; LaunchFailure when one of them does not answer. */
export async function useServersOfEnvironment(settings: LauncherSettings): Promise<InfraAccess> {
  const missing = missingServers(settings);
  const { kafkaBrokers, mysqlHost, mysqlPort } = settings;
  if (kafkaBrokers === undefined || mysqlHost === undefined) {
    throw new LaunchFailure(
      `--infra=env needs ${missing.join(' and ')}`,
      'Set KAFKA_BROKERS (host:port,…), MYSQL_HOST, MYSQL_PORT, MYSQL_ADMIN_USER and MYSQL_ADMIN_PASSWORD.',
    );
  }
  const brokers = kafkaBrokers.split(',').map((broker) => broker.trim());
  const mysql = { host: mysqlHost, port: mysqlPort };
  if (!(await answers(() => mysqlAnswers(mysql)))) {
    throw new LaunchFailure(
      `No MySQL server answers at ${mysqlHost}:${mysqlPort}`,
      'Start it, or correct MYSQL_HOST and MYSQL_PORT; without them the launcher brings a server of its own.',
    );
  }
  const answered = await Promise.all(
    brokers.map((broker) => answers(() => kafkaAnswers(parseAddress(broker)))),
  );
  if (!answered.includes(true)) {
    throw new LaunchFailure(
      `No Kafka broker answers at ${brokers.join(', ')}`,
      'Start it, or correct KAFKA_BROKERS; without it the launcher brings a broker of its own.',
    );
  }
  const { mysqlAdminUser: adminUser, mysqlAdminPassword: adminPassword } = settings;
  return { brokers, mysql: { ...mysql, adminUser, adminPassword } };
}

async function answers(probe: () => Promise<boolean>): Promise<boolean> {
  try {
    return await probe();
  } catch {
    return false;
  }
}
