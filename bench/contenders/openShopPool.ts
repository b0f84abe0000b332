// The pool of the one-process contenders on mysql2.
import { createPool, type Pool } from 'mysql2/promise';
import type { ContenderConfig } from './config.ts';

/** Opens the pool. */
export function openShopPool(config: ContenderConfig): Pool {
  return createPool({
    host: config.MYSQL_HOST,
    port: config.MYSQL_PORT,
    user: config.MYSQL_USER,
    password: config.MYSQL_PASSWORD,
    database: config.MYSQL_DATABASE,
    connectionLimit: config.MYSQL_POOL_SIZE,
  });
}
