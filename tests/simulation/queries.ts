// What the orders service asks of its read models, answered from the rows in memory: the queries' contracts without their SQL.
import { productIdSchema, userIdSchema, type UserId } from '@orderflow/shared/contracts/ids.ts';
import type { ReadModelTable, Row } from '@orderflow/shared/eventstore/projection.ts';
import type { CartQueries } from '../../services/orders/src/readmodel/cartLines.ts';
import type { KnownUserQueries } from '../../services/orders/src/readmodel/knownUsers.ts';
import { decidedOrders, type OrderQueries } from '../../services/orders/src/readmodel/orders.ts';
import type { KnownProductQueries } from '../../services/orders/src/readmodel/products.ts';
import { request } from './request.ts';
import { call, type Shop } from './shop.ts';
import type { SimProcess } from './world.ts';

/** The queries of one process. */
export interface OrdersQueries {
  readonly orders: OrderQueries;
  readonly carts: CartQueries;
  readonly products: KnownProductQueries;
  readonly knownUsers: KnownUserQueries;
  /** Asks the users service. Throws a retryable AppError when it gives no answer. */
  readonly userExists: (userId: UserId) => Promise<boolean>;
}

const ORDERS: ReadModelTable = { name: 'orders', key: ['order_id'], columns: [] };

/** Makes the queries of a process. Each is one question to its schema, or to the users service. */
export function createOrdersQueries(shop: Shop, process: SimProcess): OrdersQueries {
  const { world, databases } = shop;
  const { orders, users } = databases;
  const rows = (table: string): Promise<readonly Row[]> =>
    request({ world, process, server: orders, step: 'read' }, () => orders.store.rows(table));
  return {
    orders: {
      find: () => Promise.reject(new Error('Nobody asks here for one order')),
      async findDecided(orderIds) {
        const wanted = new Set(orderIds);
        const changes = [{ table: ORDERS, inserted: await rows('orders'), updated: [] }];
        return decidedOrders(changes, (orderId) => wanted.has(orderId));
      },
    },
    carts: { list: () => Promise.resolve([]) },
    products: {
      async find(productIds) {
        const wanted = new Set(productIds);
        const found = (await rows('products')).map(knownProduct);
        return new Map(
          found
            .filter(({ productId }) => wanted.has(productId))
            .map((each) => [each.productId, each]),
        );
      },
    },
    knownUsers: {
      async findKnown(userIds) {
        const wanted = new Set(userIds);
        const found = (await rows('known_users')).map((row) => userIdSchema.parse(row.user_id));
        return new Set(found.filter((userId) => wanted.has(userId)));
      },
    },
    userExists: (userId) =>
      call(shop, process, 'users', (target) =>
        request({ world, process: target.process, server: users, step: 'read' }, () =>
          users.store.rows('users').some((row) => row.user_id === userId),
        ),
      ),
  };
}

function knownProduct(row: Row) {
  return {
    productId: productIdSchema.parse(row.product_id),
    uuid: String(row.uuid),
    name: String(row.name),
    availableQuantity: Number(row.available_quantity),
    createdAt: String(row.created_at),
    updatedAt: String(row.updated_at),
  };
}
