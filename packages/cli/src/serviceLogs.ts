// What the three services are made of, and connections to their databases: for the verbs that look at the whole system.
import type { Pool } from 'mysql2/promise';
import { openPool } from '@orderflow/shared/runtime/database.ts';
import { databaseTls } from '@orderflow/shared/runtime/databaseTls.ts';
import { DATA_SERVICES, type DataService, type ServiceDatabaseConfig } from './config.ts';

/** The services by their parts: codec, decider, projections, messages. */
export type ServiceParts = Awaited<ReturnType<typeof loadServiceParts>>;

/**
 * Loads what the services are made of. When it is asked for, since the image of a service holds no other: throws an Error
 * there that says so.
 */
export async function loadServiceParts() {
  try {
    const [users, inventory, orders] = await Promise.all([
      import('../../../services/users/src/app.ts'),
      import('../../../services/inventory/src/app.ts'),
      import('../../../services/orders/src/app.ts'),
    ]);
    return {
      users: users.usersParts,
      inventory: inventory.inventoryParts,
      orders: orders.ordersParts,
    };
  } catch (error) {
    throw new Error(
      `This verb looks at all three services, and one of them is not here: run it in the whole checkout (${String(error)})`,
      { cause: error },
    );
  }
}

/** A pool for each service's database. */
export type ServicePools = Readonly<Record<DataService, Pool>>;

/** An auditor reads whole tables: its statements take longer than a service's. */
const STATEMENT_LIMIT_MS = 120_000;
const POOL_SIZE = 4;

/** As whom a database is used: as the service itself is, or as the administrator that the settings name. */
export type Account = 'runtime' | 'admin';

/**
 * Opens a pool to each of the three databases; nothing is connected yet. As 'admin' it throws an Error for a service whose
 * settings name no administrator.
 */
export function openServicePools(
  databases: Readonly<Record<DataService, ServiceDatabaseConfig>>,
  account: Account = 'runtime',
): ServicePools {
  const open = (service: DataService) => openServicePool(service, databases[service], account);
  return { users: open('users'), inventory: open('inventory'), orders: open('orders') };
}

/** A pool to the database of one service, as `openServicePools` opens it. */
export function openServicePool(
  service: DataService,
  config: ServiceDatabaseConfig,
  account: Account = 'runtime',
): Pool {
  const { MYSQL_ADMIN_USER: admin } = config;
  if (account === 'admin' && admin === undefined)
    throw new Error(
      `This verb changes tables of ${service}: give MYSQL_ADMIN_USER and MYSQL_ADMIN_PASSWORD ` +
        `(or ${service.toUpperCase()}_MYSQL_ADMIN_USER, …)`,
    );
  const asAdmin = account === 'admin' && admin !== undefined;
  return openPool({
    host: config.MYSQL_HOST,
    port: config.MYSQL_PORT,
    database: config.MYSQL_DATABASE,
    user: asAdmin ? admin : config.MYSQL_USER,
    password: asAdmin ? config.MYSQL_ADMIN_PASSWORD : config.MYSQL_PASSWORD,
    ...databaseTls(config),
    poolSize: POOL_SIZE,
    statementLimitMs: STATEMENT_LIMIT_MS,
  });
}

/** Closes the pools. */
export async function closeServicePools(pools: ServicePools): Promise<void> {
  await Promise.all(DATA_SERVICES.map((service) => pools[service].end()));
}
