// The stack of docker-compose.yml in a project of its own, built from this checkout, and the way to kill its containers.
import { execFile } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { appendFileSync, mkdirSync } from 'node:fs';
import path from 'node:path';
import { promisify } from 'node:util';
import { z } from 'zod';
import { freePorts } from '../../local/process/probes.ts';
import { parseLogRow } from '../books/logs.ts';
import { programEnvironment } from '../stack/config.ts';
import type { KillableStack } from './killable.ts';

const run = promisify(execFile);
const CHECKOUT = path.resolve(import.meta.dirname, '../..');
const LOG_FILE = path.join(CHECKOUT, '.orderflow', 'logs', 'compose-stack.log');
const OUTPUT_LIMIT_BYTES = 512 * 1_024 * 1_024;

/** What each container of docker-compose.yml that stays up is called there. */
const SERVERS = ['mysql', 'kafka', 'users', 'inventory', 'orders', 'gateway'] as const;

/** A member of a consumer group: where it runs, and the partitions that it has, as `topic-partition`. */
export interface GroupMember {
  readonly host: string;
  readonly partitions: readonly string[];
}

/** The running stack. */
export interface ComposeStack extends KillableStack {
  /** Who has which partitions in the consumer group of a service, as Kafka's own tool tells it. */
  groupMembers(service: 'inventory' | 'orders'): Promise<GroupMember[]>;
}

const containerState = z.object({
  Pid: z.number(),
  Health: z.object({ Status: z.string() }),
});

/**
 * Prepares a stack; `scale` says how many containers a service has (one, if it says nothing), `settings` are those of
 * .env.example; `isSecure`: as with secure.env. An .env of the checkout is not read. Needs a Docker engine on this machine,
 * and root: the containers' processes are killed from outside.
 */
export async function createComposeStack(
  scale: Readonly<Record<string, number>> = {},
  settings: Readonly<Record<string, string>> = {},
  isSecure = false,
): Promise<ComposeStack> {
  const [port = 0] = await freePorts(1);
  const compose = createCompose({ ORDERFLOW_PORT: String(port), ...settings }, isSecure);
  const stop = async () => {
    try {
      mkdirSync(path.dirname(LOG_FILE), { recursive: true });
      appendFileSync(LOG_FILE, await compose(['logs', '--no-color', '--timestamps']));
    } finally {
      await compose(['down', '--volumes']);
    }
  };
  return {
    victims: SERVERS,
    gatewayUrl: `http://127.0.0.1:${port}`,
    readLog: (service) => readLogInside(compose, service),
    start: async () => {
      await compose(['build']);
      const replicas = Object.entries(scale).flatMap(([name, count]) => [
        '--scale',
        `${name}=${count}`,
      ]);
      await compose(['up', '--detach', '--wait', ...replicas]);
    },
    kill: async (victim) => {
      const [container = ''] = (await compose(['ps', '--quiet', victim])).split('\n');
      const killed = await stateOf(container);
      // Not `docker kill`: the engine takes that for a stop that somebody wanted, and does not start the container again.
      process.kill(killed.Pid, 'SIGKILL');
      return async () => {
        const state = await stateOf(container);
        return state.Pid !== 0 && state.Pid !== killed.Pid && state.Health.Status === 'healthy';
      };
    },
    groupMembers: async (service) => parseMembers(await describeGroup(compose, service)),
    stop,
  };
}

type Compose = (args: readonly string[]) => Promise<string>;

/** docker compose on a project of its own, with these settings and none of the checkout's .env; gives what it prints. */
function createCompose(settings: Readonly<Record<string, string>>, isSecure: boolean): Compose {
  const project = `orderflow-chaos-${randomBytes(4).toString('hex')}`;
  const envFile = isSecure ? 'deploy/compose/secure.env' : '/dev/null';
  const own = ['compose', '--project-name', project, '--env-file', envFile];
  return async (args) => {
    const { stdout } = await run('docker', [...own, ...args], {
      cwd: CHECKOUT,
      maxBuffer: OUTPUT_LIMIT_BYTES,
      env: { ...programEnvironment(), ORDERFLOW_VERSION: 'chaos', ...settings },
    });
    return stdout;
  };
}

async function stateOf(container: string): Promise<z.output<typeof containerState>> {
  const { stdout } = await run('docker', ['inspect', '--format', '{{json .State}}', container]);
  return containerState.parse(JSON.parse(stdout));
}

/** MySQL is not published: its client is run beside it. Each row comes as one line of JSON. */
async function readLogInside(compose: Compose, service: 'inventory' | 'orders') {
  const query =
    "SELECT JSON_OBJECT('position', position, 'stream_id', stream_id, 'version', version, 'type', type, " +
    "'data', data) FROM events ORDER BY position";
  const user = `orderflow_${service}`;
  const client =
    `MYSQL_PWD=$(cat /run/secrets/${service}) exec mysql --protocol=socket --default-character-set=utf8mb4 ` +
    `--raw --skip-column-names --quick --user=${user} --execute="${query}" ${user}`;
  const rows = await compose(['exec', '--no-TTY', 'mysql', 'bash', '-c', client]);
  return rows
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => parseLogRow(JSON.parse(line)));
}

function describeGroup(compose: Compose, service: string): Promise<string> {
  const tool = '/opt/kafka/bin/kafka-consumer-groups.sh';
  const group = ['--describe', '--group', `orderflow-${service}`];
  return compose(
    // Without the settings of the broker's own JVM.
    [
      ...['exec', '--no-TTY', '--env', 'KAFKA_HEAP_OPTS=-Xmx128m', 'kafka', tool],
      ...['--bootstrap-server', 'kafka:9092'],
      ...['--command-config', '/orderflow/admin.properties', ...group],
    ],
  );
}

/** Its columns: group, topic, partition, offset, end, lag, consumer, host, client. Those without a consumer have no member. */
function parseMembers(text: string): GroupMember[] {
  const members = new Map<string, { host: string; partitions: string[] }>();
  for (const line of text.split('\n')) {
    const [, topic = '', partition = '', , , , consumer = '-', host = ''] = line
      .trim()
      .split(/\s+/);
    if (!/^\d+$/.test(partition) || consumer === '-') continue;
    const member = members.get(consumer) ?? { host, partitions: [] };
    member.partitions.push(`${topic}-${partition}`);
    members.set(consumer, member);
  }
  return [...members.values()];
}
