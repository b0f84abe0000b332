// The schemas of the values about MySQL, Kafka and the services' own settings.
import type { Service } from './catalogue.ts';
import {
  dataKey,
  flag,
  objectName,
  oneOf,
  only,
  optionalName,
  text,
  whole,
  wholeSetting,
  type Schema,
} from './schemaParts.ts';

const DAY_MS = 86_400_000;

/** The block `mysql`. */
export function mysql(owner: string): Schema {
  // 32 characters is MySQL's limit for a user name.
  const user = (description: string) => text(description, '^\\w{1,32}$');
  return only('An existing MySQL server', {
    host: text('Host name or address of the primary, without a port', '^[^\\s:/]+$'),
    port: whole('Its port', 1, 65_535),
    database: text(`Database of ${owner}: letters, digits and _`, '^\\w{1,64}$'),
    user: user('Runtime user: letters, digits and _, at most 32'),
    existingSecret: objectName('Secret that holds the password of the runtime user'),
    passwordKey: dataKey('Key in that Secret'),
    migration: only('The user that migrates', {
      user: user('Another user than the runtime user'),
      existingSecret: objectName('Secret that holds its password'),
      passwordKey: dataKey('Key in that Secret'),
    }),
    tls: only('Encrypted connection', {
      enabled: flag('On or off'),
      verify: oneOf('identity: authority and host name; ca: the authority', ['identity', 'ca']),
      ca: authority(),
    }),
  });
}

/** The block `kafka`. */
export function kafka(owner: string): Schema {
  return only('An existing Kafka cluster', {
    brokers: {
      description: 'Addresses of brokers, host:port each',
      type: 'array',
      minItems: 1,
      items: { type: 'string', pattern: '^(\\[[0-9a-fA-F:]+\\]|[^\\s:,]+):[0-9]{1,5}$' },
    },
    tls: only('Encrypted connection', { enabled: flag('On or off'), ca: authority() }),
    sasl: only('Login', {
      mechanism: oneOf('How to log in', ['none', 'plain', 'scram-sha-256', 'scram-sha-512']),
      username: text(`Principal of ${owner}`, '^\\S+$'),
      existingSecret: optionalName('Secret that holds its password'),
      passwordKey: dataKey('Key in that Secret'),
    }),
  });
}

function authority(): Schema {
  return only('The certificate of the authority (PEM); neither: those of the system', {
    secret: optionalName('Secret that holds it'),
    configMap: optionalName('ConfigMap that holds it'),
    key: dataKey('Key in it'),
  });
}

/** The block `settings`: settings of the service that no other value is about. */
export function settings(service: Service): Schema {
  return only(`Settings of ${service} (services/${service}/src/config.ts)`, {
    LOG_LEVEL: oneOf('What is logged', [
      'fatal',
      'error',
      'warn',
      'info',
      'debug',
      'trace',
      'silent',
    ]),
    DRAIN_TIMEOUT_MS: wholeSetting('Milliseconds to finish what is under way', 1, DAY_MS),
    ...(service === 'gateway' || service === 'orders'
      ? { ORDER_WAIT_MS: wholeSetting('Milliseconds to wait for a decision', 1, DAY_MS) }
      : {}),
    ...(service === 'gateway'
      ? {
          ORDER_STREAMS: wholeSetting('Connections to send orders on', 1, 64),
          UPSTREAM_TIMEOUT_MS: wholeSetting('Milliseconds to wait for a service', 1, DAY_MS),
        }
      : storeSettings()),
  });
}

function storeSettings(): Record<string, Schema> {
  return {
    MYSQL_POOL_SIZE: wholeSetting('Connections to MySQL, a pod', 1, 1000),
    MYSQL_DURABILITY: oneOf('On a server that can forget commits', ['refuse', 'warn']),
    KAFKA_GROUP_ID: text('Consumer group', '^\\S+$'),
    TOPIC_PREFIX: text('Put before the names of topics', '^[-\\w.]{0,100}$'),
    TOPIC_PARTITIONS: wholeSetting('Partitions of the topic of the service', 1, 1000),
    TOPIC_REPLICATION_FACTOR: wholeSetting('Copies of its partitions', 1, 10),
  };
}
