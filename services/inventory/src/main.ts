// Inventory's process.
import { randomUUID } from 'node:crypto';
import { ORDERS_TOPIC } from '@orderflow/shared/contracts/topics.ts';
import { createIsoClock } from '@orderflow/shared/runtime/isoClock.ts';
import { runService } from '@orderflow/shared/runtime/lifecycle.ts';
import { startService } from '@orderflow/shared/runtime/service.ts';
import { createInventoryApp, inventoryParts } from './app.ts';
import { readInventoryConfig } from './config.ts';
import { createProductQueries } from './readmodel/products.ts';

runService({
  name: 'inventory',
  readConfig: readInventoryConfig,
  start: (context) =>
    startService(context, inventoryParts, ({ pool, log, idsOf }) => {
      const { routes, reactions } = createInventoryApp({
        log,
        products: createProductQueries(pool),
        nextProductId: idsOf('products', 1),
        newUuid: randomUUID,
        now: createIsoClock(),
      });
      const publishers = { [ORDERS_TOPIC]: context.config.ORDERS_URL };
      return { routes, inbound: { reactions, publishers } };
    }),
});
