// The orders service, composed from its dependencies: no I/O here, so the same service runs on any store.
import type { Router } from 'express';
import { ORDERS_TOPIC } from '@orderflow/shared/contracts/topics.ts';
import type { EventStore } from '@orderflow/shared/eventstore/eventStore.ts';
import type { UpgradeTo } from '@orderflow/shared/http/upgrade.ts';
import type { Reactions } from '@orderflow/shared/messaging/reaction.ts';
import { failpoint } from '@orderflow/shared/runtime/failpoints.ts';
import type { Logger } from '@orderflow/shared/runtime/logger.ts';
import { readModel } from '@orderflow/shared/runtime/schema.ts';
import { orderDecider } from './domain/decideOrder.ts';
import type { OrderEvent, OrderState } from './domain/order.ts';
import { orderCodec } from './eventCodec.ts';
import { singleOrderRoute } from './http/singleOrders.ts';
import { createOrderStream, type OrderStreamDeps } from './http/orderStream.ts';
import { createOutcomeWaiters } from './http/outcomeWaiters.ts';
import { createOrderRoutes, type OrderRoutesDeps } from './http/routes.ts';
import { createReactions, type OrdersFact, type ReactionsDeps } from './messaging/inbound.ts';
import { isAwaited, toMessages } from './messaging/outbound.ts';
import { Orders1763800000100 } from './migrations/orders1763800000100.ts';
import { Orders1763800000200 } from './migrations/orders1763800000200.ts';
import { cartLinesEntity } from './readmodel/cartLines.ts';
import { knownUsersEntity, knownUsersProjection } from './readmodel/knownUsers.ts';
import { decidedOrders, ordersEntity, ordersProjection } from './readmodel/orders.ts';
import { productsEntity, productsProjection } from './readmodel/products.ts';

/** What the service is made of before anything is connected. */
export const ordersParts = {
  schema: {
    tables: [ordersEntity, cartLinesEntity, productsEntity, knownUsersEntity].map(readModel),
    migrations: [Orders1763800000100, Orders1763800000200],
  },
  codec: orderCodec,
  decider: orderDecider,
  projections: [ordersProjection, productsProjection, knownUsersProjection],
  topic: ORDERS_TOPIC,
  toMessages,
  isAwaited,
  createReactions,
};

/** What the service is composed of. */
export interface OrdersAppDeps
  extends OrderRoutesDeps, Omit<OrderStreamDeps, 'waiters'>, ReactionsDeps {
  readonly onCommitted: EventStore<OrderEvent, OrdersFact>['onCommitted'];
  readonly logger: Logger;
}

/** The service at work: its routes, and what it does about the messages of the others. */
export interface OrdersApp {
  readonly routes: Router;
  /** How orders come in. */
  readonly orderStream: UpgradeTo;
  readonly reactions: Reactions<OrderState, OrderEvent, OrdersFact>;
  /** Answers those who still wait at once: the process is about to end. */
  readonly stopWaiting: () => void;
}

/** Composes the service. */
export function createOrdersApp(deps: OrdersAppDeps): OrdersApp {
  const waiters = createOutcomeWaiters({ queries: deps.orders, logger: deps.logger });
  deps.onCommitted((_events, changes) => {
    for (const order of decidedOrders(changes, waiters.isAwaited)) {
      failpoint('answer.untold');
      waiters.tell(order);
    }
  });
  const placing = { ...deps, waiters };
  return {
    routes: createOrderRoutes(deps).use(singleOrderRoute(placing)),
    orderStream: createOrderStream(placing),
    reactions: createReactions(deps),
    stopWaiting: () => {
      waiters.close();
    },
  };
}
