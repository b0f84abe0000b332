// Settings: defaults, every fault at once, secrets masked.
import { z } from 'zod';
import {
  ConfigError,
  databaseSettings,
  processSettings,
  readConfig,
  urlSetting,
} from '@orderflow/shared/runtime/config.ts';
import { kafkaSettings } from '@orderflow/shared/runtime/kafkaSettings.ts';

const schema = z.object({
  ...processSettings(3011),
  ...databaseSettings('users'),
  ...kafkaSettings(),
  USERS_URL: urlSetting().prefault('http://127.0.0.1:3011'),
});

function faultsOf(env: Record<string, string>): readonly string[] {
  try {
    readConfig(schema, env);
  } catch (error) {
    if (error instanceof ConfigError) return error.faults;
    throw error;
  }
  return [];
}

describe('settings', () => {
  it('have defaults for local use', () => {
    expect(readConfig(schema, {})).toEqual({
      HOST: '127.0.0.1',
      PORT: 3011,
      LOG_LEVEL: 'info',
      DRAIN_TIMEOUT_MS: 10_000,
      EXIT_WITH_PARENT: false,
      MYSQL_HOST: '127.0.0.1',
      MYSQL_PORT: 3306,
      MYSQL_DATABASE: 'orderflow_users',
      MYSQL_USER: 'orderflow_users',
      MYSQL_PASSWORD: 'orderflow-local',
      MYSQL_POOL_SIZE: 10,
      MYSQL_ADMIN_PASSWORD: '',
      MYSQL_DURABILITY: 'warn',
      MYSQL_TLS: 'off',
      KAFKA_BROKERS: ['127.0.0.1:9092'],
      TOPIC_PREFIX: '',
      TOPIC_PARTITIONS: 12,
      TOPIC_REPLICATION_FACTOR: 1,
      KAFKA_TLS: 'off',
      KAFKA_SASL_MECHANISM: 'none',
      USERS_URL: 'http://127.0.0.1:3011',
    });
  });

  it('are read as what they are, not as texts', () => {
    const env = {
      PORT: ' 8080 ',
      KAFKA_BROKERS: 'a:1, b.example:2,[::1]:3',
      EXIT_WITH_PARENT: 'true',
      USERS_URL: 'http://users:3011/',
    };
    expect(readConfig(schema, env)).toMatchObject({
      PORT: 8080,
      KAFKA_BROKERS: ['a:1', 'b.example:2', '[::1]:3'],
      EXIT_WITH_PARENT: true,
      USERS_URL: 'http://users:3011',
    });
  });

  it('that are empty count as not given', () => {
    expect(readConfig(schema, { PORT: '', TOPIC_PREFIX: '' })).toMatchObject({
      PORT: 3011,
      TOPIC_PREFIX: '',
    });
  });

  it('that are wrong are told all at once, each with its name, what was given and what is expected', () => {
    expect(
      faultsOf({
        PORT: '65536',
        DRAIN_TIMEOUT_MS: '10s',
        LOG_LEVEL: 'loud',
        MYSQL_DATABASE: 'orders; DROP',
        KAFKA_BROKERS: 'localhost',
        USERS_URL: 'ftp://users',
      }),
    ).toEqual([
      'PORT: given "65536", expected a whole number from 0 to 65535 (a TCP port)',
      'LOG_LEVEL: given "loud", expected fatal, error, warn, info, debug, trace or silent',
      'DRAIN_TIMEOUT_MS: given "10s", expected a whole number from 1 to 86400000 (milliseconds)',
      'MYSQL_DATABASE: given "orders; DROP", expected letters, digits and _, at most 64',
      'KAFKA_BROKERS: given "localhost", expected brokers like 127.0.0.1:9092, separated by commas',
      'USERS_URL: given "ftp://users", expected a URL like http://127.0.0.1:3011, with no path',
    ]);
  });

  it('that are missing say so', () => {
    const required = z.object({ IDEMPOTENCY_SECRET: z.string('a secret') });
    expect(() => readConfig(required, {})).toThrow(
      'IDEMPOTENCY_SECRET: not given, expected a secret',
    );
  });

  it('never show a secret', () => {
    const secret = z.object({ IDEMPOTENCY_SECRET: z.string().min(32, '32 characters or more') });
    expect(() => readConfig(secret, { IDEMPOTENCY_SECRET: 'hunter2' })).toThrow(
      /IDEMPOTENCY_SECRET: given \(masked\), expected 32 characters or more$/,
    );
    expect(faultsOf({ USERS_URL: 'http://me:hunter2@users/' })[0]).not.toContain('hunter2');
  });
});
