// The orders service's process.
import { randomUUID } from 'node:crypto';
import { INVENTORY_TOPIC, USERS_TOPIC } from '@orderflow/shared/contracts/topics.ts';
import { createIsoClock } from '@orderflow/shared/runtime/isoClock.ts';
import { runService } from '@orderflow/shared/runtime/lifecycle.ts';
import { startService } from '@orderflow/shared/runtime/service.ts';
import { createOrdersApp, ordersParts } from './app.ts';
import { readOrdersConfig } from './config.ts';
import { createUsersClient } from './http/usersClient.ts';
import { createCartQueries } from './readmodel/cartLines.ts';
import { createKnownUserQueries, createKnownUsers } from './readmodel/knownUsers.ts';
import { createOrderQueries } from './readmodel/orders.ts';
import { createKnownProductQueries, createProducts } from './readmodel/products.ts';

/** For some five thousand orders: one is met within a moment of its request, and then never again. */
const CACHE_BYTES = 8 * 1024 * 1024;
/** Each confirmed line takes an id, and each block a commit: with 100 it was every fifth commit there was. */
const CART_LINE_IDS = 1_000;

runService({
  name: 'orders',
  readConfig: readOrdersConfig,
  start: (context) =>
    startService(context, ordersParts, ({ pool, store, log, idsOf }) => {
      const { config, logger } = context;
      const { routes, orderStream, reactions, stopWaiting } = createOrdersApp({
        ...log,
        onCommitted: (listener) => store.onCommitted(listener),
        orders: createOrderQueries(pool, log.readStreams),
        carts: createCartQueries(pool),
        products: createProducts(createKnownProductQueries(pool)),
        knownUsers: createKnownUsers(createKnownUserQueries(pool)),
        usersClient: createUsersClient(config.USERS_URL),
        nextCartLineId: idsOf('cart_lines', CART_LINE_IDS),
        newUuid: randomUUID,
        now: createIsoClock(),
        waitMs: config.ORDER_WAIT_MS,
        idempotencySecret: config.IDEMPOTENCY_SECRET,
        logger,
      });
      const publishers = {
        [USERS_TOPIC]: config.USERS_URL,
        [INVENTORY_TOPIC]: config.INVENTORY_URL,
      };
      const inbound = { reactions, publishers, cacheBytes: CACHE_BYTES };
      return { routes, upgradeTo: orderStream, inbound, stopWaiting };
    }),
});
