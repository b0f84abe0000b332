// Everything is tried that docs/access.md does not allow, on a real server that migration users have prepared.
import { randomBytes } from 'node:crypto';
import type { Pool } from 'mysql2/promise';
import { eventStoreSchema } from '@orderflow/shared/eventstore/tables.ts';
import { openPool } from '@orderflow/shared/runtime/database.ts';
import {
  combineSchemas,
  prepareSchema,
  revokeUndeclared,
} from '@orderflow/shared/runtime/schema.ts';
import { testInfra } from '@orderflow/shared/testing/infra.ts';
import { inventoryParts } from '../../services/inventory/src/app.ts';
import { ordersParts } from '../../services/orders/src/app.ts';
import { usersParts } from '../../services/users/src/app.ts';
import { documentedRights } from './accessTable.ts';
import { allowedChanges, isDenied, placesOf, SERVER_POWERS, triedRights } from './attempts.ts';

const { mysql } = testInfra();
const { host, port } = mysql;
const run = randomBytes(4).toString('hex');
const PARTS = { users: usersParts, inventory: inventoryParts, orders: ordersParts };
type Service = keyof typeof PARTS;
const SERVICES: readonly Service[] = ['users', 'inventory', 'orders'];

const databaseOf = (service: Service) => `test_${run}_${service}`;
const accountOf = (service: Service, role: 'run' | 'mig') => ({
  user: `test_${run}_${service}_${role}`,
  password: run,
});

const pools: Pool[] = [];
const open = (account: { user: string; password: string }, database: string) => {
  const pool = openPool({ host, port, database, ...account, poolSize: 1 });
  pools.push(pool);
  return pool;
};
const admin = open({ user: mysql.adminUser, password: mysql.adminPassword }, 'mysql');

const optionsOf = (service: Service) => ({
  host,
  port,
  admin: accountOf(service, 'mig'),
  database: databaseOf(service),
  runtime: accountOf(service, 'run'),
  schema: combineSchemas(eventStoreSchema, PARTS[service].schema),
});
const migrate = (service: Service) => prepareSchema(optionsOf(service));

const createUser = ({ user, password }: { user: string; password: string }) =>
  admin.query(`CREATE USER ?@'%' IDENTIFIED BY ?`, [user, password]);

/** As docs/access.md tells an administrator to do it. */
async function setUp(service: Service): Promise<void> {
  const migration = accountOf(service, 'mig');
  await createUser(migration);
  await admin.query(`GRANT ALL ON ??.* TO ?@'%' WITH GRANT OPTION`, [
    databaseOf(service).replaceAll('_', '\\_'),
    migration.user,
  ]);
}

/** Expects that the user may do nothing to the tables of the other services. */
async function expectNothingOfOthers(pool: Pool, service: Service): Promise<void> {
  for (const other of SERVICES.filter((name) => name !== service)) {
    const places = await placesOf(admin, databaseOf(other));
    const nothing = Object.fromEntries(places.map(({ table }) => [table, []]));
    expect(nothing).toHaveProperty('events');
    expect(await triedRights(pool, places)).toEqual(nothing);
    expect(await allowedChanges(pool, places)).toEqual([]);
  }
}

let refusal: unknown;
beforeAll(async () => {
  for (const service of SERVICES) {
    await setUp(service);
    refusal ??= await migrate(service).catch((error: unknown) => error);
    await createUser(accountOf(service, 'run'));
    await migrate(service);
  }
});
afterAll(async () => {
  for (const service of SERVICES) {
    await admin.query('DROP DATABASE IF EXISTS ??', [databaseOf(service)]);
    for (const role of ['run', 'mig'] as const)
      await admin.query(`DROP USER IF EXISTS ?@'%'`, [accountOf(service, role).user]);
  }
  await Promise.all(pools.map((pool) => pool.end()));
});

describe.each(SERVICES)('The runtime user of %s', (service) => {
  const runtime = open(accountOf(service, 'run'), databaseOf(service));

  it('may do to the rows of its tables what docs/access.md says, and nothing else', async () => {
    const places = await placesOf(admin, databaseOf(service));
    expect(await triedRights(runtime, places)).toEqual(documentedRights(service));
  });

  it('may change no table', async () => {
    const places = await placesOf(admin, databaseOf(service));
    expect(await allowedChanges(runtime, places)).toEqual([]);
  });

  it('may do nothing to the tables of the other services', async () => {
    await expectNothingOfOthers(runtime, service);
  });

  it.each(SERVER_POWERS)('is denied %s', async (sql) => {
    expect(await isDenied(runtime, sql)).toBe(true);
  });

  it('may give no rights away', async () => {
    const { user } = accountOf('users', 'mig');
    expect(await isDenied(runtime, `GRANT SELECT ON events TO ?@'%'`, [user])).toBe(true);
  });
});

describe.each(SERVICES)('The migration user of %s', (service) => {
  const migration = open(accountOf(service, 'mig'), databaseOf(service));

  it('may do nothing to the tables of the other services', async () => {
    await expectNothingOfOthers(migration, service);
  });

  it.each(SERVER_POWERS)('is denied %s', async (sql) => {
    expect(await isDenied(migration, sql)).toBe(true);
  });
});

describe('A migration by a user that may make no users', () => {
  it('says which statement an administrator must run when there is no runtime user', () => {
    const { user } = accountOf('users', 'run');
    expect(refusal).toMatchObject({
      code: 'runtime_user_missing',
      message: expect.stringContaining(`CREATE USER '${user}'@'%' IDENTIFIED BY`) as unknown,
    });
  });
});

describe('What an earlier version gave to the runtime user', () => {
  const database = databaseOf('orders');
  const { user } = accountOf('orders', 'run');
  const documented = documentedRights('orders');
  // A new session each time: one keeps the rights on a database that it has chosen with USE.
  const rightsNow = async () =>
    triedRights(open(accountOf('orders', 'run'), database), await placesOf(admin, database));

  beforeAll(async () => {
    await admin.query('CREATE TABLE ??.earlier (id INT)', [database]);
    await admin.query(`GRANT SELECT ON ??.earlier TO ?@'%'`, [database, user]);
    await admin.query(`GRANT DELETE ON ??.orders TO ?@'%'`, [database, user]);
  });

  it('stays after a migration: processes of that version may still run', async () => {
    await migrate('orders');
    expect(await rightsNow()).toEqual({
      ...documented,
      orders: [...(documented.orders ?? []), 'DELETE'],
      earlier: ['SELECT'],
    });
  });

  it('is taken back when asked for, on tables, on one that is gone, and on the database as a whole', async () => {
    await admin.query('CREATE TABLE ??.gone (id INT)', [database]);
    await admin.query(`GRANT SELECT ON ??.gone TO ?@'%'`, [database, user]);
    await admin.query('DROP TABLE ??.gone', [database]);
    await admin.query(`GRANT ALL ON ??.events TO ?@'%' WITH GRANT OPTION`, [database, user]);
    await admin.query(`GRANT DELETE ON ??.* TO ?@'%'`, [database.replaceAll('_', '\\_'), user]);
    const runtime = open(accountOf('orders', 'run'), database);
    expect(await isDenied(runtime, 'DELETE FROM events WHERE FALSE')).toBe(false);
    expect(await revokeUndeclared(optionsOf('orders'))).toEqual([]);
    expect(await rightsNow()).toEqual({ ...documented, earlier: [] });
  });

  it('is told where the migration user may not take it back', async () => {
    await admin.query(`GRANT DELETE ON ??.* TO ?@'%'`, [database, user]);
    await admin.query(`GRANT PROCESS ON *.* TO ?@'%'`, [user]);
    const remaining = await revokeUndeclared(optionsOf('orders'));
    expect(remaining).toEqual([
      `GRANT PROCESS ON *.* TO \`${user}\`@\`%\``,
      `GRANT DELETE ON \`${database}\`.* TO \`${user}\`@\`%\``,
    ]);
  });

  it('cannot be told when the runtime user may not log in', async () => {
    const options = { ...optionsOf('orders'), runtime: { user, password: 'another' } };
    await expect(revokeUndeclared(options)).rejects.toMatchObject({ code: 'runtime_user_refused' });
  });
});
