// The command `orderflow` against a stack of a test.
import { execFile } from 'node:child_process';
import path from 'node:path';
import { promisify } from 'node:util';
import { z } from 'zod';
import { programEnvironment } from './config.ts';
import type { Stack } from './stack.ts';

const MAIN = path.resolve(import.meta.dirname, '../../packages/cli/src/main.ts');

const run = promisify(execFile);
const report = z.object({
  isClean: z.boolean(),
  breaches: z.array(z.object({ promise: z.string(), text: z.string() })),
  notCompared: z.array(z.string()),
});

/** Runs a verb with --json and gives what it told; rejects with its error output where it fails. */
export async function orderflow(stack: Stack, ...args: readonly string[]): Promise<unknown> {
  const { stdout } = await run(process.execPath, [MAIN, ...args, '--json'], environmentOf(stack));
  return JSON.parse(stdout) as unknown;
}

/** What `orderflow verify` reports of the stack at this moment, its topics too. Rejects where no report comes. */
export async function verifyByCommand(stack: Stack): Promise<z.output<typeof report>> {
  const args = [MAIN, 'verify', '--live', '--kafka', '--json'];
  // It ends with 1 for a breach as well, and has told it by then.
  const { stdout } = await run(process.execPath, args, environmentOf(stack)).catch(
    (error: unknown) => {
      const failed = z.object({ stdout: z.string().min(1) }).safeParse(error);
      if (!failed.success) throw error;
      return failed.data;
    },
  );
  return report.parse(JSON.parse(stdout));
}

function environmentOf(stack: Stack) {
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
  return { env };
}
