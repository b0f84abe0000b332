// A database of its own for a test file, with a runtime user that has the real grants.
import { randomBytes } from 'node:crypto';
import type { Pool } from 'mysql2/promise';
import { openPool, type DatabaseSettings } from '../runtime/database.ts';
import { prepareSchema, type Schema } from '../runtime/schema.ts';
import type { TestInfra } from './infra.ts';

export interface TestDatabase {
  /** As a service would get them: the runtime user's. */
  readonly settings: DatabaseSettings;
  /** A pool of the runtime user. */
  readonly pool: Pool;
  /** A pool of the admin in this database: for looking at and damaging things. */
  readonly admin: Pool;
  /** One more pool of the runtime user, closed with the rest. `port`: another one than the server's (a proxy's). */
  open(poolSize?: number, port?: number): Pool;
  /** Drops database and user, and closes all pools. */
  drop(): Promise<void>;
}

/** Makes a database with a random name, and in it the schema. */
export async function createTestDatabase(
  schema: Schema,
  { mysql }: Pick<TestInfra, 'mysql'>,
): Promise<TestDatabase> {
  const { host, port } = mysql;
  const name = `test_${randomBytes(6).toString('hex')}`;
  const runtime = { user: name, password: randomBytes(12).toString('hex') };
  const admin = { user: mysql.adminUser, password: mysql.adminPassword };
  await prepareSchema({ host, port, admin, database: name, runtime, schema });
  const settings: DatabaseSettings = { host, port, database: name, ...runtime, poolSize: 10 };
  const adminPool = openPool({ ...settings, ...admin, poolSize: 2 });
  const pools: Pool[] = [];
  const open = (poolSize = settings.poolSize, proxyPort = port): Pool => {
    const pool = openPool({ ...settings, port: proxyPort, poolSize });
    pools.push(pool);
    return pool;
  };
  return {
    settings,
    pool: open(),
    admin: adminPool,
    open,
    async drop() {
      await Promise.all(pools.map((pool) => pool.end()));
      await adminPool.query('DROP DATABASE ??', [name]);
      await adminPool.query(`DROP USER ?@'%'`, [name]);
      await adminPool.end();
    },
  };
}
