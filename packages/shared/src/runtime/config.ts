// Settings: read once at start, by a zod schema whose keys are the settings' own names; every fault is listed at once.
import { isIP } from 'node:net';
import { z } from 'zod';
import { failpointsSetting } from './failpoints.ts';
import { certificateFileSetting, readSecretFile } from './settingFiles.ts';

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

/** A setting's name says whether its value is a secret: never shown, and readable from a file. */
const SECRET_NAME = /PASSWORD|SECRET|TOKEN|PRIVATE/;

/**
 * Reads the settings that `schema` names from `env`. An empty value counts as not given, since `NAME=` is how compose
 * files and shells say 'nothing'. A secret may be given as the file that holds it, by the name with `_FILE` behind it.
 * Throws ConfigError with all faults; the values of secrets are masked in it.
 */
export function readConfig<Schema extends z.ZodObject>(
  schema: Schema,
  env: Environment,
): z.output<Schema> {
  const faults = new Map<string, string>();
  const given: Record<string, string> = {};
  for (const name of Object.keys(schema.shape)) {
    try {
      const value = readSetting(name, env);
      if (value !== undefined) given[name] = value;
    } catch (error) {
      if (!(error instanceof ConfigError)) throw error;
      faults.set(name, error.faults.join());
    }
  }
  const parsed = schema.safeParse(given);
  if (parsed.success && faults.size === 0) return parsed.data;
  for (const issue of parsed.error?.issues ?? []) {
    const name = String(issue.path[0] ?? 'settings');
    // The first fault of a setting: a secret whose file cannot be read is not also missing.
    if (!faults.has(name))
      faults.set(name, `${name}: ${describe(name, given[name])}, expected ${issue.message}`);
  }
  throw new ConfigError([...faults.values()]);
}

function readSetting(name: string, env: Environment): string | undefined {
  const value = trimmed(env[name]);
  const fileName = `${name}_FILE`;
  const file = SECRET_NAME.test(name) ? trimmed(env[fileName]) : undefined;
  if (file === undefined) return value;
  if (value !== undefined)
    throw new ConfigError([`${name}: given (masked), and ${fileName} too, expected one of them`]);
  try {
    return readSecretFile(file);
  } catch (error) {
    const expected = error instanceof Error ? error.message : String(error);
    throw new ConfigError([`${fileName}: given "${file}", expected ${expected}`]);
  }
}

function trimmed(value: string | undefined): string | undefined {
  const text = value?.trim();
  return text === '' ? undefined : text;
}

function describe(name: string, value: string | undefined): string {
  if (value === undefined) return 'not given';
  if (SECRET_NAME.test(name)) return 'given (masked)';
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

/** What every process has: its address, its log level, how long it may drain, whether it ends with its parent, where it dies. */
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
    FAILPOINTS: failpointsSetting().optional(),
    /** `production` refuses failpoints; nothing else looks at it here. */
    NODE_ENV: textSetting().optional(),
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
    MYSQL_TLS: z
      .enum(['off', 'verify-ca', 'verify-identity'], 'off, verify-ca or verify-identity')
      .default('off'),
    MYSQL_TLS_CA_FILE: certificateFileSetting().optional(),
  };
}

/** For `superRefine` of a schema with `databaseSettings`: settings of MySQL that belong together. */
export function databaseSettingsFit(
  config: Pick<
    z.output<z.ZodObject<ReturnType<typeof databaseSettings>>>,
    'MYSQL_HOST' | 'MYSQL_TLS' | 'MYSQL_TLS_CA_FILE' | 'MYSQL_USER' | 'MYSQL_ADMIN_USER'
  >,
  context: z.RefinementCtx,
): void {
  const fault = (setting: keyof typeof config, message: string) => {
    context.addIssue({ code: 'custom', path: [setting], message });
  };
  // Whoever names an authority and forgets the mode would else send everything in the clear.
  if (config.MYSQL_TLS === 'off' && config.MYSQL_TLS_CA_FILE !== undefined)
    fault('MYSQL_TLS', 'verify-ca or verify-identity, since MYSQL_TLS_CA_FILE is given');
  // The runtime user's rights are cut down to what a service needs: that would be the administrator's own.
  if (config.MYSQL_ADMIN_USER === config.MYSQL_USER)
    fault('MYSQL_ADMIN_USER', 'another user than MYSQL_USER');
  // Of an address the client has no name to compare: Node would then compare with 'localhost'.
  if (config.MYSQL_TLS === 'verify-identity' && isIP(config.MYSQL_HOST) !== 0)
    fault(
      'MYSQL_HOST',
      "the server's name as in its certificate, since MYSQL_TLS is verify-identity",
    );
}
