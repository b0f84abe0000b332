// A verb as an operator runs it: a process of its own, with settings in the environment, and an exit code.
import { execFile } from 'node:child_process';
import path from 'node:path';
import { z } from 'zod';
import { compiledCode, testInfra } from '@orderflow/shared/testing/infra.ts';
import type { AuditedShop } from './auditedShop.ts';

const MAIN = path.join(import.meta.dirname, '../src/main.ts');

/** How a verb ended, and what it wrote to stdout and stderr. */
export interface Ended {
  readonly code: number;
  readonly out: string;
  readonly err: string;
}

/** Runs a verb on the shop as the services' own users; `asAdmin`: it is given the administrator's account as well. */
export function runVerb(
  { databases: { users, inventory, orders } }: AuditedShop,
  args: readonly string[],
  asAdmin = false,
): Promise<Ended> {
  const { adminUser, adminPassword } = testInfra().mysql;
  const admin = asAdmin ? { ADMIN_USER: adminUser, ADMIN_PASSWORD: adminPassword } : {};
  const entries = Object.entries({ users, inventory, orders }).flatMap(([service, { settings }]) =>
    Object.entries({
      HOST: settings.host,
      PORT: String(settings.port),
      DATABASE: settings.database,
      USER: settings.user,
      PASSWORD: settings.password,
      ...admin,
    }).map(([name, value]) => [`${service.toUpperCase()}_MYSQL_${name}`, value]),
  );
  const given = z.record(z.string(), z.string()).parse(Object.fromEntries(entries));
  const env = { PATH: '', ...compiledCode(), ...given };
  return new Promise((resolve) => {
    execFile(process.execPath, [MAIN, ...args], { env }, (error, out, err) => {
      resolve({ code: typeof error?.code === 'number' ? error.code : 0, out, err });
    });
  });
}
