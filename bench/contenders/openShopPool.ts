// The pool of the one-process contenders on mysql2.
import { createPool, type Pool } from 'mysql2/promise';
import type { ContenderConfig } from './config.ts';

/** Opens the pool. Its transactions are READ COMMITTED: no gap locks, so that inserts of different orders seldom meet. */
export function openShopPool(config: ContenderConfig): Pool {
  const pool = createPool({
    host: config.MYSQL_HOST,
    port: config.MYSQL_PORT,
    user: config.MYSQL_USER,
    password: config.MYSQL_PASSWORD,
    database: config.MYSQL_DATABASE,
    connectionLimit: config.MYSQL_POOL_SIZE,
  });
  // Before anything else is sent on that connection: mysql2 sends in order.
  pool.pool.on('connection', (connection) => {
    connection.query('SET SESSION TRANSACTION ISOLATION LEVEL READ COMMITTED', (error) => {
      if (error !== null) connection.destroy();
    });
  });
  return pool;
}
