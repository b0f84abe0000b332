// Who may do what in Kafka, tried on a real broker with SCRAM, TLS and access rules: all that the table allows, and nothing else.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { createKafka, grantRights } from '@orderflow/shared/messaging/kafka.ts';
import { readTopic } from '@orderflow/shared/messaging/topicReader.ts';
import { createLogger } from '@orderflow/shared/runtime/logger.ts';
import { startKafka, type KafkaCluster } from '../../local/embedded/kafkaCluster.ts';
import { kafkaRights } from '../../packages/cli/src/kafkaAccess.ts';
import { connectIntruder, findAllowed, onCluster, onGroup, onTopic } from './kafkaAttempts.ts';
import { makeCertificate, type Certificate } from './certificate.ts';
import { placeOneOrder, startRefused } from './secureServices.ts';

const PREFIX = 'access.';
const TOPICS = ['users.v1', 'inventory.v1', 'orders.v1'].map((topic) => `${PREFIX}${topic}`);
const GROUPS = ['users', 'inventory', 'orders', 'verify-1'].map(
  (reader) => `${PREFIX}orderflow-${reader}`,
);

// The gateway has a user here and no rights: what is denied to it is denied to whoever has none.
const PRINCIPALS = ['users', 'inventory', 'orders', 'gateway', 'auditor'] as const;
const PASSWORDS = Object.fromEntries(
  [...PRINCIPALS, 'admin'].map((user) => [user, `secret-of-${user}`]),
);

/** The table, written out. docs/access.md has it in words. */
const ALLOWED: Record<(typeof PRINCIPALS)[number], readonly string[]> = {
  users: [
    'create access.users.v1',
    'describe access.users.v1',
    'list offsets of access.users.v1',
    'write access.users.v1',
    'be an idempotent producer',
  ],
  inventory: [
    'create access.inventory.v1',
    'describe access.inventory.v1',
    'list offsets of access.inventory.v1',
    'write access.inventory.v1',
    'describe access.orders.v1',
    'list offsets of access.orders.v1',
    'read access.orders.v1',
    'describe access.orderflow-inventory',
    'read offsets of access.orderflow-inventory',
    'join access.orderflow-inventory',
    'be an idempotent producer',
  ],
  orders: [
    'describe access.users.v1',
    'list offsets of access.users.v1',
    'read access.users.v1',
    'describe access.inventory.v1',
    'list offsets of access.inventory.v1',
    'read access.inventory.v1',
    'create access.orders.v1',
    'describe access.orders.v1',
    'list offsets of access.orders.v1',
    'write access.orders.v1',
    'describe access.orderflow-orders',
    'read offsets of access.orderflow-orders',
    'join access.orderflow-orders',
    'be an idempotent producer',
  ],
  gateway: [],
  auditor: [
    'describe access.users.v1',
    'list offsets of access.users.v1',
    'read access.users.v1',
    'describe access.inventory.v1',
    'list offsets of access.inventory.v1',
    'read access.inventory.v1',
    'describe access.orders.v1',
    'list offsets of access.orders.v1',
    'read access.orders.v1',
    'describe access.orderflow-verify-1',
    'read offsets of access.orderflow-verify-1',
    'join access.orderflow-verify-1',
  ],
};

let folder: string;
let certificate: Certificate;
let cluster: KafkaCluster;

beforeAll(async () => {
  folder = mkdtempSync(path.join(tmpdir(), 'orderflow-access-'));
  certificate = await makeCertificate(folder, 'kafka');
  const security = { passwords: PASSWORDS, superUser: 'admin', tls: certificate };
  cluster = await startKafka({ security });
  await grantRights(accessOf('admin'), [
    ...kafkaRights(PREFIX),
    // For the test alone: a group that each may join, so that a topic that it may not read is what stops it.
    ...PRINCIPALS.map((user) => ({
      ...{ principal: `User:${user}`, resource: 'GROUP' as const },
      ...{ name: `probe-${user}`, operation: 'READ' as const },
    })),
  ]);
});

afterAll(async () => {
  await cluster.stop();
  rmSync(folder, { recursive: true });
});

const logger = createLogger({ service: 'test', level: 'silent' });

function accessOf(username: string, password = PASSWORDS[username] ?? '') {
  const sasl = { mechanism: 'scram-sha-512' as const, username, password };
  const tls = { ca: certificate.certificate };
  return { brokers: cluster.brokers, clientId: 'access-test', logger, tls, sasl };
}

function kafkaOfServices() {
  const settings = {
    KAFKA_BROKERS: cluster.brokers.join(','),
    KAFKA_TLS: 'on',
    KAFKA_TLS_CA_FILE: certificate.file,
    KAFKA_SASL_MECHANISM: 'scram-sha-512',
    TOPIC_PREFIX: PREFIX,
  };
  return { settings, passwords: PASSWORDS };
}

it('with these rights and no others the services take an order all the way', async () => {
  expect(await placeOneOrder(kafkaOfServices())).toBe(200);
});

it('a service with a wrong password ends with code 1, and says who was refused and what to check', async () => {
  const { code, told } = await startRefused(kafkaOfServices());
  expect(code).toBe(1);
  expect(told).toMatch(/"level":"fatal".*log-in of \\"users\\".*Check KAFKA_SASL_USERNAME/);
});

it('the auditor reads all topics to their ends, as orderflow verify does', async () => {
  for (const topic of TOPICS) {
    let records = 0;
    const offsets = await readTopic(accessOf('auditor'), { topic, prefix: PREFIX }, () => {
      records += 1;
    });
    expect(offsets?.size).toBeGreaterThan(0);
    expect(records).toBeGreaterThan(0);
  }
});

describe.each(PRINCIPALS)('%s', (user) => {
  it('may do what the table says, and is denied everything else', async () => {
    const { tls, sasl, brokers } = accessOf(user);
    const login = { brokers: [...brokers], ssl: { ...tls }, sasl };
    const intruder = await connectIntruder(login, `probe-${user}`);
    const described = /^describe (access\.\w+\.v1)$/;
    const [knownTopic] = ALLOWED[user].flatMap((name) => described.exec(name)?.slice(1) ?? []);
    const attempts = [
      ...TOPICS.flatMap((topic) => onTopic(intruder, topic)),
      ...GROUPS.flatMap((group) => onGroup(intruder, group, knownTopic)),
      ...onCluster(intruder, PREFIX),
    ];
    expect(await findAllowed(intruder, attempts)).toEqual(ALLOWED[user]);
    await intruder.admin.disconnect();
  });
});

describe('a client', () => {
  const ask = (access: Parameters<typeof createKafka>[0]) =>
    createKafka(access).partitionCount(`${PREFIX}orders.v1`);

  it('with a wrong password is turned away for good, with what to check', async () => {
    const refused = ask(accessOf('orders', 'guess'));
    await expect(refused).rejects.toMatchObject({
      ...{ code: 'kafka_not_authenticated', retryable: false },
    });
    await expect(refused).rejects.toThrow(
      /log-in of "orders" with scram-sha-512.*Check KAFKA_SASL_USERNAME/,
    );
  });

  it('with no log-in is turned away, with what may be the cause', async () => {
    const { sasl, ...nobody } = accessOf('orders');
    expect(sasl.username).toBe('orders');
    await expect(ask(nobody)).rejects.toThrow(/see KAFKA_TLS and KAFKA_SASL_MECHANISM/);
  });

  it('that speaks in plain text, trusts another authority, or calls the broker by a name that its certificate does not have, goes no further', async () => {
    const { tls, ...plain } = accessOf('orders');
    expect(tls.ca).toBe(certificate.certificate);
    const other = await makeCertificate(folder, 'other');
    const brokers = cluster.brokers.map((broker) => broker.replace('127.0.0.1', 'localhost'));
    await Promise.all([
      expect(ask(plain)).rejects.toThrow(/see KAFKA_TLS and/),
      expect(ask({ ...plain, tls: { ca: other.certificate } })).rejects.toThrow(
        /self-signed certificate/,
      ),
      expect(ask({ ...plain, tls, brokers })).rejects.toThrow(/does not match cert/),
    ]);
  });
});
