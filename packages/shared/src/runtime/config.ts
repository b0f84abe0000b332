// Settings: read once at start, by a zod schema whose keys are the settings' own names; every fault is listed at once.
import { z } from 'zod';

/** The settings are wrong. `faults` has one line for each: its name, what was given, what is expected. */
export class ConfigError extends Error {
  readonly faults: readonly string[];
  constructor(faults: readonly string[]) {
    super(`The settings are wrong:\n${faults.map((fault) => `  ${fault}`).join('\n')}`);
    this.name = 'ConfigError';
    this.faults = faults;
  }
}

type Environment = Readonly<Record<string, string | undefined>>;

/**
 * Reads the settings that `schema` names from `env`. An empty value counts as not given, since `NAME=` is how compose
 * files and shells say 'nothing'. Throws ConfigError with all faults; the values of secrets are masked in it.
 */
export function readConfig<Schema extends z.ZodObject>(
  schema: Schema,
  env: Environment,
): z.output<Schema> {
  const given = Object.fromEntries(
    Object.keys(schema.shape)
      .map((name) => [name, env[name]?.trim()] as const)
      .filter(([, value]) => value !== undefined && value !== ''),
  );
  const parsed = schema.safeParse(given);
  if (parsed.success) return parsed.data;
  const faults = new Set<string>();
  for (const issue of parsed.error.issues) {
    const name = String(issue.path[0] ?? 'settings');
    faults.add(`${name}: ${describe(name, given[name])}, expected ${issue.message}`);
  }
  throw new ConfigError([...faults]);
}

function describe(name: string, value: string | undefined): string {
  if (value === undefined) return 'not given';
  if (/PASSWORD|SECRET|TOKEN|PRIVATE/.test(name)) return 'given (masked)';
  // A URL may carry credentials: user:password@host.
  return `given "${value.replace(/\/\/[^/@]*@/, '//***@')}"`;
}

/** A text setting; `expected` completes the sentence 'expected …'. */
export function textSetting(expected = 'a text'): z.ZodString {
  return z.string(expected);
}

/** A whole number with its unit, from `min` to `max`. */
export function numberSetting(unit: string, min: number, max: number) {
  const expected = `a whole number from ${min} to ${max}${unit === '' ? '' : ` (${unit})`}`;
  return z
    .string(expected)
    .regex(/^\d{1,15}$/, expected)
    .transform(Number)
    .pipe(z.int(expected).min(min, expected).max(max, expected));
}

/** A time span in milliseconds, up to a day. */
export function millisecondsSetting(min = 1, max = 86_400_000) {
  return numberSetting('milliseconds', min, max);
}

/** A TCP port. To listen on 0 lets the system choose one (tests). */
export function portSetting() {
  return numberSetting('a TCP port', 0, 65_535);
}

/** `true` or `false`. */
export function flagSetting() {
  return z.enum(['true', 'false'], 'true or false').transform((text) => text === 'true');
}

/** The base URL of a peer: http (inside one trusted network), no path, query or credentials. Gives it without a trailing slash. */
export function urlSetting() {
  const expected = 'a URL like http://127.0.0.1:3011, with no path';
  return z.string(expected).transform((text, context) => {
    const url = URL.parse(text);
    const bare =
      url !== null && url.protocol === 'http:' && url.pathname === '/' && url.search === '';
    if (bare && url.username === '' && url.hash === '') return url.origin;
    context.addIssue({ code: 'custom', message: expected });
    return z.NEVER;
  });
}

/** Kafka's bootstrap brokers: `host:port`, separated by commas. */
export function brokersSetting() {
  const expected = 'brokers like 127.0.0.1:9092, separated by commas';
  return z
    .string(expected)
    .transform((text) => text.split(',').map((broker) => broker.trim()))
    .pipe(z.array(z.string().regex(/^(\[[0-9a-fA-F:]+\]|[^\s:,]+):\d{1,5}$/, expected)));
}

/** What every process has: its address, its log level, how long it may drain, and whether it ends with its parent. */
export function processSettings(defaultPort: number) {
  return {
    HOST: textSetting('an address to bind').default('127.0.0.1'),
    PORT: portSetting().prefault(String(defaultPort)),
    LOG_LEVEL: z
      .enum(
        ['fatal', 'error', 'warn', 'info', 'debug', 'trace', 'silent'],
        'fatal, error, warn, info, debug, trace or silent',
      )
      .default('info'),
    DRAIN_TIMEOUT_MS: millisecondsSetting().prefault('10000'),
    EXIT_WITH_PARENT: flagSetting().prefault('false'),
  };
}

/** The settings of a service with a schema of its own; `service` gives the default database and user. */
export function databaseSettings(service: string) {
  const identifier = 'letters, digits and _, at most 64';
  return {
    MYSQL_HOST: textSetting('a host name or address').default('127.0.0.1'),
    MYSQL_PORT: portSetting().prefault('3306'),
    MYSQL_DATABASE: z
      .string(identifier)
      .regex(/^\w{1,64}$/, identifier)
      .default(`orderflow_${service}`),
    // 32 characters is MySQL's limit for a user name (MariaDB allows 128).
    MYSQL_USER: z
      .string(identifier)
      .regex(/^\w{1,32}$/, 'letters, digits and _, at most 32')
      .default(`orderflow_${service}`),
    MYSQL_PASSWORD: textSetting('a password').default('orderflow-local'),
    MYSQL_POOL_SIZE: numberSetting('connections', 1, 1000).prefault('10'),
    MYSQL_ADMIN_USER: textSetting('a user name').optional(),
    MYSQL_ADMIN_PASSWORD: textSetting('a password').default(''),
    // A test's server may be set for speed; where events count, this says 'refuse'.
    MYSQL_DURABILITY: z.enum(['refuse', 'warn'], 'refuse or warn').default('warn'),
  };
}

/** The settings of a service that speaks Kafka; `service` gives the default consumer group. */
export function kafkaSettings(service: string) {
  const prefix = 'letters, digits, dot, _ and -, at most 100';
  return {
    KAFKA_BROKERS: brokersSetting().prefault('127.0.0.1:9092'),
    KAFKA_GROUP_ID: textSetting('a consumer group').default(`orderflow-${service}`),
    TOPIC_PREFIX: z
      .string(prefix)
      .regex(/^[\w.-]{0,100}$/, prefix)
      .default(''),
    TOPIC_PARTITIONS: numberSetting('partitions', 1, 1000).prefault('12'),
    TOPIC_REPLICATION_FACTOR: numberSetting('replicas', 1, 10).prefault('1'),
  };
}
