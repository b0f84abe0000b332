// The command `orderflow` against a stack of a test.
import { execFile } from 'node:child_process';
import path from 'node:path';
import { promisify } from 'node:util';
import { programEnvironment } from './config.ts';
import type { Stack } from './stack.ts';

const MAIN = path.resolve(import.meta.dirname, '../../packages/cli/src/main.ts');

/** Runs a verb with --json and gives what it told; rejects with its error output where it fails. */
export async function orderflow(stack: Stack, ...args: readonly string[]): Promise<unknown> {
  const { mysql } = stack.infra;
  const databases = Object.entries(stack.databases).flatMap(
    ([name, database]): [string, string][] => [
      [`${name.toUpperCase()}_MYSQL_DATABASE`, database],
      [`${name.toUpperCase()}_MYSQL_USER`, database],
    ],
  );
  const env = {
    ...programEnvironment(),
    ...Object.fromEntries(databases),
    MYSQL_HOST: mysql.host,
    MYSQL_PORT: String(mysql.port),
    MYSQL_ADMIN_USER: mysql.adminUser,
    MYSQL_ADMIN_PASSWORD: mysql.adminPassword,
    KAFKA_BROKERS: stack.infra.brokers.join(','),
    TOPIC_PREFIX: stack.topicPrefix,
  };
  const run = promisify(execFile);
  const { stdout } = await run(process.execPath, [MAIN, ...args, '--json'], { env });
  return JSON.parse(stdout) as unknown;
}
