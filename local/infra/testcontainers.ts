// MySQL and Kafka for a test run as throw-away containers.
import { randomBytes } from 'node:crypto';
import type { StartedTestContainer } from 'testcontainers';
import { LaunchFailure } from '../failure.ts';
import type { RunPlaces } from '../places.ts';
import { kafkaAnswers, mysqlAnswers, untilAnswers, type Address } from '../process/probes.ts';
import type { Report } from '../report.ts';
import { withoutRyuk } from '../settings.ts';
import type { Shutdown, Stoppable } from '../shutdown.ts';
import type { InfraAccess } from './infra.ts';
import { RUN_LABEL } from './testRuns.ts';

const MYSQL_IMAGE = 'mysql:9.7';
/** Kafka 4.3.1 by Confluent's number: the module's start script fits this image and not apache/kafka. */
const KAFKA_IMAGE = 'confluentinc/cp-kafka:8.3.1';
const KAFKA_PORT = 9093;
const READY_TIMEOUT_MS = 60_000;

/** Starts both containers on free ports and resolves when the servers answer; their data ends with them. */
export async function startContainers(
  { name }: RunPlaces,
  report: Report,
  shutdown: Shutdown,
): Promise<InfraAccess> {
  withoutRyuk();
  const password = randomBytes(16).toString('hex');
  const { mysqlContainer, kafkaContainer } = await describeContainers(password, {
    [RUN_LABEL]: name,
  });
  const up = async <T extends StartedTestContainer>(
    what: Stoppable,
    image: string,
    start: () => Promise<T>,
  ) => {
    report.step(what, `${image} is starting`);
    const container = await start().catch((error: unknown) => {
      throw containerFailure(image, error);
    });
    shutdown.add(what, async () => {
      await container.stop();
    });
    return container;
  };
  const [mysql, kafka] = await Promise.all([
    up('database', MYSQL_IMAGE, () => mysqlContainer.start()),
    up('kafka', KAFKA_IMAGE, () => kafkaContainer.start()),
  ]);
  // The module counts a server as started when its port is open, a moment before it greets.
  await untilAnswers(
    () => mysqlAnswers({ host: mysql.getHost(), port: mysql.getPort() }),
    READY_TIMEOUT_MS,
    MYSQL_IMAGE,
  );
  const mysqlAt = await preferLoopback({ host: mysql.getHost(), port: mysql.getPort() });
  const kafkaAt = { host: kafka.getHost(), port: kafka.getMappedPort(KAFKA_PORT) };
  await untilAnswers(() => kafkaAnswers(kafkaAt), READY_TIMEOUT_MS, KAFKA_IMAGE);
  report.step('infra', 'both containers answer');
  return {
    brokers: [`${kafkaAt.host}:${kafkaAt.port}`],
    mysql: { ...mysqlAt, adminUser: 'root', adminPassword: password },
  };
}

async function describeContainers(password: string, labels: Record<string, string>) {
  // Only here: `npm start` and embedded servers need none of it.
  const { MySqlContainer } = await import('@testcontainers/mysql');
  const { KafkaContainer } = await import('@testcontainers/kafka');
  const mysqlContainer = new MySqlContainer(MYSQL_IMAGE)
    .withRootPassword(password)
    .withLabels(labels)
    .withTmpFs({ '/var/lib/mysql': 'rw' })
    .withCommand([
      '--character-set-server=utf8mb4',
      '--collation-server=utf8mb4_bin',
      '--max-connections=500',
    ]);
  const kafkaContainer = new KafkaContainer(KAFKA_IMAGE)
    .withLabels(labels)
    .withEnvironment({ KAFKA_AUTO_CREATE_TOPICS_ENABLE: 'false' });
  return { mysqlContainer, kafkaContainer };
}

/**
 * Testcontainers names the bridge's address where it takes itself to be in a container. Tests put proxies of their own, on
 * loopback, in front of the server, so loopback it is wherever the port is published there.
 */
async function preferLoopback({ host, port }: Address): Promise<Address> {
  const loopback = { host: '127.0.0.1', port };
  const isThere = await mysqlAnswers(loopback).catch(() => false);
  return isThere ? loopback : { host, port };
}

function containerFailure(image: string, error: unknown): LaunchFailure {
  return new LaunchFailure(
    `The container of ${image} could not be started: ${String(error)}`,
    'See `docker logs`, and whether the image can be pulled; `npm test -- --infra=embedded` does without Docker.',
  );
}
