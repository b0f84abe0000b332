// `orderflow restore` where it must refuse, fail, or take up what another one has left: what is there must outlive it.
import { cp, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { readLogHead } from '@orderflow/shared/eventstore/logHead.ts';
import { tablesOf } from '../src/backup/dump.ts';
import { readManifest, type Manifest } from '../src/backup/manifest.ts';
import { DATA_SERVICES, type DataService } from '../src/config.ts';
import { clearedUp } from '../src/restore/copies.ts';
import { underRestoreLock } from '../src/restore/lock.ts';
import { ownTables } from '../src/restore/ownTables.ts';
import { putInPlace, reopenLeftLogs } from '../src/restore/putInPlace.ts';
import { closeLog, loadTables, switchTables } from '../src/restore/staging.ts';
import { loadServiceParts, type ServiceParts, type ServicePools } from '../src/serviceLogs.ts';
import { openAuditedShop, type AuditedShop } from './auditedShop.ts';
import { runVerb } from './runVerb.ts';

let shop: AuditedShop;
let folder: string;
let backup: string;
let manifest: Manifest;
let parts: ServiceParts;
let pools: ServicePools;

beforeAll(async () => {
  shop = await openAuditedShop({ users: 2, products: 2, stock: 30, orders: 10 });
  folder = await mkdtemp(path.join(tmpdir(), 'orderflow-restore-'));
  backup = path.join(folder, 'one');
  expect(await orderflow('backup', backup)).toMatchObject({ code: 0 });
  manifest = await readManifest(backup);
  parts = await loadServiceParts();
  const { users, inventory, orders } = shop.databases;
  pools = { users: users.admin, inventory: inventory.admin, orders: orders.admin };
  // The services' connections: a restore refuses while there are any.
  for (const { pool } of Object.values(shop.databases)) await pool.end();
});

afterAll(async () => {
  await shop.drop();
  await rm(folder, { recursive: true });
});

const orderflow = (...args: string[]) => runVerb(shop, args, true);

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

describe('a restore that is broken off', () => {
  const own = (service: DataService) =>
    ownTables(parts[service].schema, manifest.services[service]);
  const loadAll = async () => {
    for (const service of DATA_SERVICES)
      await loadTables(pools[service], backup, manifest.services[service]);
  };
  const closeAll = async () => {
    for (const service of DATA_SERVICES) await closeLog(pools[service]);
  };
  const heads = () => Promise.all(DATA_SERVICES.map((service) => readLogHead(pools[service])));
  const stopped = () => Promise.resolve();
  const running = () => Promise.reject(new Error('orders still runs'));

  it('gives all logs their heads back where one of them cannot be closed', async () => {
    const before = await heads();
    await loadAll();
    await pools.inventory.query('CREATE VIEW replaced_log_head AS SELECT 1 AS id');
    await expect(putInPlace(pools, own, stopped)).rejects.toThrow('not available');
    await pools.inventory.query('DROP VIEW replaced_log_head');
    expect(await heads()).toEqual(before);
  });

  it('leaves the next one the old heads, which gives them back where it fails in its turn', async () => {
    const before = await heads();
    await closeAll();
    await loadAll();
    await expect(putInPlace(pools, own, running)).rejects.toThrow('orders still runs');
    expect(await heads()).toEqual(before);
    await closeAll();
    await reopenLeftLogs(pools);
    expect(await heads()).toEqual(before);
  });

  it.each([{ service: 'users' }, { service: 'orders' }] as const)(
    'gives no log a head once the tables of $service were switched, until another has come to its end',
    async ({ service }) => {
      await loadAll();
      await closeAll();
      await switchTables(pools[service], own(service));
      await reopenLeftLogs(pools);
      for (const each of DATA_SERVICES)
        expect(await tablesOf(pools[each])).not.toContain('log_head');
      await loadAll();
      await expect(putInPlace(pools, own, running)).rejects.toThrow('orders still runs');
      for (const each of DATA_SERVICES)
        expect(await tablesOf(pools[each])).not.toContain('log_head');
      expect(await orderflow('restore', backup, '--replace')).toMatchObject({ code: 0, err: '' });
      for (const each of DATA_SERVICES)
        expect((await readLogHead(pools[each])).position).toBe(manifest.services[each].position);
    },
  );

  it('is followed by one whose incarnation is above that of the heads that were taken out', async () => {
    const incarnation = 4_000_000_000;
    await pools.users.query('UPDATE log_head SET incarnation = ?', [incarnation]);
    await loadAll();
    await closeAll();
    await switchTables(pools.inventory, own('inventory'));
    expect(await orderflow('restore', backup, '--replace')).toMatchObject({ code: 0, err: '' });
    expect((await readLogHead(pools.orders)).incarnation).toBe(incarnation + 1);
  });
});

describe('two restores', () => {
  it('do not run at once, and the second is told so before it has touched anything', async () => {
    await pools.users.query('CREATE TABLE IF NOT EXISTS restoring_users (id INT PRIMARY KEY)');
    const { code, err } = await underRestoreLock(pools, () =>
      orderflow('restore', backup, '--replace'),
    );
    expect(code).toBe(1);
    expect(err).toContain('Another restore works on the database of users');
    expect(await tablesOf(pools.users)).toContain('restoring_users');
    expect(await orderflow('restore', backup, '--replace')).toMatchObject({ code: 0, err: '' });
  });
});

describe('a restore that fails', () => {
  const copies = async () => {
    const found = await Promise.all(DATA_SERVICES.map((service) => tablesOf(pools[service])));
    return found.map((names) => names.filter((name) => /^(restoring|replaced)_/.test(name)));
  };

  /** A copy of the backup whose manifest says something else of some services; gives its folder. */
  const changed = async (name: string, services: Partial<Manifest['services']>) => {
    const copy = path.join(folder, name);
    await cp(backup, copy, { recursive: true, force: false });
    const said = { ...manifest, services: { ...manifest.services, ...services } };
    await writeFile(path.join(copy, 'manifest.json'), JSON.stringify(said));
    return copy;
  };

  it('while it loads leaves nothing of what it has loaded, also of one that was killed', async () => {
    const { orders } = manifest.services;
    const tables = orders.tables.map((table) => ({ ...table, rows: table.rows + 1 }));
    const damaged = await changed('damaged', { orders: { ...orders, tables } });
    await loadTables(pools.orders, backup, orders);
    const { code, err } = await orderflow('restore', damaged, '--replace');
    expect(code).toBe(1);
    expect(err).toContain('the manifest says');
    expect(err).not.toContain('Copies are left');
    expect(await copies()).toEqual([[], [], []]);
  });

  it('after a switch keeps what was replaced, and names it', async () => {
    await loadTables(pools.users, backup, manifest.services.users);
    await closeLog(pools.users);
    await switchTables(pools.users, ownTables(parts.users.schema, manifest.services.users));
    const told = String(await clearedUp(pools, new Error('the server has gone')));
    expect(told).toContain('the server has gone\nCopies are left');
    expect(told).toContain('replaced_user_personal_data');
    expect(told).not.toContain('restoring_');
    expect((await copies())[0]).toContain('replaced_user_personal_data');
  });
});
