// The batched monolith's process.
import { listCart } from '../carts.ts';
import { readContenderConfig } from '../config.ts';
import { openShopPool } from '../openShopPool.ts';
import { createShopApp, serve, type Answer } from '../shopServer.ts';
import { createBatches } from './batches.ts';
import { decideBatch, type Order } from './decideBatch.ts';

/** Connections for reads, beside those of the transactions. */
const READERS = 4;

const config = readContenderConfig();
const workers = config.MYSQL_POOL_SIZE;
const pool = openShopPool({ ...config, MYSQL_POOL_SIZE: workers + READERS });
const enqueue = createBatches<Order, Answer>((orders) => decideBatch(pool, orders), workers);
const app = createShopApp({
  placeOrder: (userId, productId) => enqueue({ userId, productId }),
  listCart: (userId) => listCart(pool, userId),
});
serve(app, config.PORT, () => pool.end());
