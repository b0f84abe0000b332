// The monolith's process.
import { listCart } from '../carts.ts';
import { readContenderConfig } from '../config.ts';
import { openShopPool } from '../openShopPool.ts';
import { createShopApp, serve } from '../shopServer.ts';
import { placeByProcedure } from './procedure.ts';
import { placeByStatements } from './statements.ts';

const config = readContenderConfig();
const pool = openShopPool(config);
const place = config.VARIANT === 'procedure' ? placeByProcedure : placeByStatements;
const app = createShopApp({
  placeOrder: (userId, productId) => place(pool, userId, productId),
  listCart: (userId) => listCart(pool, userId),
});
serve(app, config.PORT, () => pool.end());
