// The monolith's process.
import { createPool } from 'mysql2/promise';
import { listCart } from '../carts.ts';
import { readContenderConfig } from '../config.ts';
import { createShopApp, serve } from '../shopServer.ts';
import { placeByProcedure } from './procedure.ts';
import { placeByStatements } from './statements.ts';

const config = readContenderConfig();
const pool = createPool({
  host: config.MYSQL_HOST,
  port: config.MYSQL_PORT,
  user: config.MYSQL_USER,
  password: config.MYSQL_PASSWORD,
  database: config.MYSQL_DATABASE,
  connectionLimit: config.MYSQL_POOL_SIZE,
});
const place = config.VARIANT === 'procedure' ? placeByProcedure : placeByStatements;
const app = createShopApp({
  placeOrder: (userId, productId) => place(pool, userId, productId),
  listCart: (userId) => listCart(pool, userId),
});
serve(app, config.PORT, () => pool.end());
