// `orderflow restore` where it must refuse, fail, or take up what another one has left: what is there must outlive it.
import { execFile } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { z } from 'zod';
import { testInfra } from '@orderflow/shared/testing/infra.ts';
import { tablesOf } from '../src/backup/dump.ts';
import { openAuditedShop, type AuditedShop } from './auditedShop.ts';

const MAIN = path.join(import.meta.dirname, '../src/main.ts');
let shop: AuditedShop;
let folder: string;
let backup: string;

beforeAll(async () => {
  shop = await openAuditedShop({ users: 2, products: 2, stock: 30, orders: 10 });
  folder = await mkdtemp(path.join(tmpdir(), 'orderflow-restore-'));
  backup = path.join(folder, 'one');
  expect(await orderflow('backup', backup)).toMatchObject({ code: 0 });
  // The services' connections: a restore refuses while there are any.
  for (const { pool } of Object.values(shop.databases)) await pool.end();
});

afterAll(async () => {
  await shop.drop();
  await rm(folder, { recursive: true });
});

function orderflow(...args: string[]): Promise<{ code: number; out: string; err: string }> {
  const { mysql } = testInfra();
  const { users, inventory, orders } = shop.databases;
  const entries = Object.entries({ users, inventory, orders }).flatMap(([service, { settings }]) =>
    Object.entries({
      HOST: settings.host,
      PORT: String(settings.port),
      DATABASE: settings.database,
      USER: settings.user,
      PASSWORD: settings.password,
      ADMIN_USER: mysql.adminUser,
      ADMIN_PASSWORD: mysql.adminPassword,
    }).map(([name, value]) => [`${service.toUpperCase()}_MYSQL_${name}`, value]),
  );
  const env = { PATH: '', ...z.record(z.string(), z.string()).parse(Object.fromEntries(entries)) };
  return new Promise((resolve) => {
    execFile(process.execPath, [MAIN, ...args], { env }, (error, out, err) => {
      resolve({ code: typeof error?.code === 'number' ? error.code : 0, out, err });
    });
  });
}

describe('a restore into a database that is another application’s', () => {
  it('is refused, with --replace too, and names the tables that are not Orderflow’s', async () => {
    const { admin } = shop.databases.orders;
    await admin.query('CREATE TABLE invoices (id INT PRIMARY KEY)');
    await admin.query('CREATE TABLE replaced_letters (id INT PRIMARY KEY)');
    const before = await tablesOf(admin);
    for (const options of [[], ['--replace']]) {
      const { code, err } = await orderflow('restore', backup, ...options);
      expect(code).toBe(1);
      expect(err).toContain('has tables that orders has not: invoices, replaced_letters.');
      expect(await tablesOf(admin)).toEqual(before);
    }
    await admin.query('DROP TABLE invoices, replaced_letters');
  });

  it('is refused where all its tables have names of Orderflow’s, but nothing of it has made them', async () => {
    const { admin } = shop.databases.orders;
    await admin.query('RENAME TABLE migrations TO replaced_migrations');
    const { code, err } = await orderflow('restore', backup, '--replace');
    await admin.query('RENAME TABLE replaced_migrations TO migrations');
    expect(code).toBe(1);
    expect(err).toContain('but no migration of orders has made them');
  });
});
