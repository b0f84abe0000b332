// The demo's process: a mutex for each user, the stock read, counted down in memory and written back.
import { randomUUID } from 'node:crypto';
import { Mutex } from 'async-mutex';
import { Sequelize } from 'sequelize';
import { readContenderConfig } from '../config.ts';
import { confirmed, createShopApp, refused, REFUSALS, serve, type Answer } from '../shopServer.ts';
import { defineModels } from './models.ts';

const config = readContenderConfig();
const sequelize = new Sequelize(config.MYSQL_DATABASE, config.MYSQL_USER, config.MYSQL_PASSWORD, {
  dialect: 'mysql',
  host: config.MYSQL_HOST,
  port: config.MYSQL_PORT,
  logging: false,
  pool: { max: config.MYSQL_POOL_SIZE, min: 0 },
});
const { products, carts } = defineModels(sequelize);
const mutexes = new Map<number, Mutex>();

function mutexOf(userId: number): Mutex {
  const found = mutexes.get(userId) ?? new Mutex();
  mutexes.set(userId, found);
  return found;
}

async function placeOrder(userId: number, productId: number): Promise<Answer> {
  const product = await products.findOne({ where: { id: productId } });
  if (product === null) return refused(REFUSALS.unknownProduct);
  if (product.count <= 0) return refused(REFUSALS.outOfStock);
  const line = await carts.findOne({ where: { user_id: userId, inventory_id: productId } });
  const placed =
    line === null
      ? await carts.create({
          uuid: randomUUID(),
          user_id: userId,
          inventory_id: productId,
          count: 1,
        })
      : await line.update({ count: line.count + 1 });
  // What others have written since the read above is overwritten here: the fault that Orderflow is about.
  await product.update({ count: product.count - 1 });
  return confirmed(product, placed);
}

const app = createShopApp({
  placeOrder: (userId, productId) =>
    mutexOf(userId).runExclusive(() => placeOrder(userId, productId)),
  listCart: (userId) => carts.findAll({ where: { user_id: userId }, include: 'inventory' }),
});
serve(app, config.PORT, () => sequelize.close());
