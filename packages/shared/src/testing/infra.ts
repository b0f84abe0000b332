// The MySQL and Kafka that tests run against, as the environment names them; `npm test` brings them up and sets it.

/** Where the test's MySQL and Kafka are. */
export interface TestInfra {
  readonly brokers: string[];
  readonly mysql: {
    readonly host: string;
    readonly port: number;
    readonly adminUser: string;
    readonly adminPassword: string;
  };
}

/**
 * For the environment of processes of Node that a test starts: where they find what others have compiled, which halves the
 * processor's time for their start. Empty if this was not started by `npm test`.
 */
export function compiledCode(
  env: Readonly<Record<string, string | undefined>> = process.env,
): Record<string, string> {
  const { NODE_COMPILE_CACHE } = env;
  return NODE_COMPILE_CACHE === undefined ? {} : { NODE_COMPILE_CACHE };
}

/** Reads the environment; throws with the missing variables' names if this was not started by `npm test`. */
export function testInfra(
  env: Readonly<Record<string, string | undefined>> = process.env,
): TestInfra {
  const missing: string[] = [];
  const read = (name: string) => {
    const value = env[name];
    if (value === undefined) missing.push(name);
    return value ?? '';
  };
  const infra: TestInfra = {
    brokers: read('KAFKA_BROKERS').split(','),
    mysql: {
      host: read('MYSQL_HOST'),
      port: Number(read('MYSQL_PORT')),
      adminUser: read('MYSQL_ADMIN_USER'),
      adminPassword: read('MYSQL_ADMIN_PASSWORD'),
    },
  };
  if (missing.length > 0) {
    throw new Error(
      `This test needs MySQL and Kafka, and ${missing.join(', ')} is not set. Run \`npm test -- integration e2e\`, which brings both up, or set these variables.`,
    );
  }
  return infra;
}
