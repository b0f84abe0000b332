// Fills empty databases with a large shop, to measure `orderflow verify` on it:
//   node packages/cli/test/fillShop.ts ORDERS [USERS [PRODUCTS]]
// with MYSQL_HOST, MYSQL_PORT, MYSQL_ADMIN_USER and MYSQL_ADMIN_PASSWORD of a server to play with. It makes the databases
// made_users, made_inventory and made_orders anew, and prints the settings with which they are verified.
import { createConnection } from 'mysql2/promise';
import { openPool } from '@orderflow/shared/runtime/database.ts';
import { eventStoreSchema } from '@orderflow/shared/eventstore/tables.ts';
import { combineSchemas, prepareSchema } from '@orderflow/shared/runtime/schema.ts';
import { testInfra } from '@orderflow/shared/testing/infra.ts';
import { DATA_SERVICES, type DataService } from '../src/config.ts';
import { loadServiceParts } from '../src/serviceLogs.ts';
import { makeShop } from './makeShop.ts';

/** A busy disk may keep one of thousands of large INSERTs waiting for long, and the whole filling would be lost with it. */
const STATEMENT_LIMIT_MS = 600_000;

const [orders = 1_000_000, users = 100_000, products = 1_000] = process.argv.slice(2).map(Number);
const { mysql } = testInfra();
const admin = { user: mysql.adminUser, password: mysql.adminPassword };
const server = await createConnection({ host: mysql.host, port: mysql.port, ...admin });
// What is made here may be lost: the server need not write it to disk with every statement.
await server.query('SET GLOBAL innodb_flush_log_at_trx_commit = 0');
await server.query('SET GLOBAL sync_binlog = 0');
const parts = await loadServiceParts();

async function makeDatabase(service: DataService) {
  const database = `made_${service}`;
  await server.query('DROP DATABASE IF EXISTS ??', [database]);
  const runtime = { user: database, password: 'orderflow-local' };
  const schema = combineSchemas(eventStoreSchema, parts[service].schema);
  await prepareSchema({ host: mysql.host, port: mysql.port, admin, database, runtime, schema });
  const pool = openPool({
    ...{ host: mysql.host, port: mysql.port, database, ...admin },
    ...{ poolSize: 1, statementLimitMs: STATEMENT_LIMIT_MS },
  });
  await pool.query('SET SESSION sql_log_bin = 0, unique_checks = 0');
  return pool;
}

const pools = {
  users: await makeDatabase('users'),
  inventory: await makeDatabase('inventory'),
  orders: await makeDatabase('orders'),
};
await makeShop(parts, pools, { users, products, stock: Math.ceil(orders / products), orders });
for (const service of DATA_SERVICES) await pools[service].end();
await server.query('SET GLOBAL innodb_flush_log_at_trx_commit = 1');
await server.query('SET GLOBAL sync_binlog = 1');
await server.end();
const settings = DATA_SERVICES.flatMap((service) => {
  const prefix = `${service.toUpperCase()}_MYSQL`;
  return [`${prefix}_DATABASE=made_${service}`, `${prefix}_USER=made_${service}`];
});
process.stdout.write(`${settings.join(' ')}\n`);
