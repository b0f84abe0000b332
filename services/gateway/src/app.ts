// Puts the gateway together from its settings: three services behind it, one app in front.
import type { Express } from 'express';
import { createHttpApp } from '@orderflow/shared/http/server.ts';
import type { Logger } from '@orderflow/shared/runtime/logger.ts';
import type { GatewayConfig } from './config.ts';
import { createOrderPlacing } from './placeOrder.ts';
import { gatewayRoutes } from './routes.ts';
import { createUpstream } from './upstream.ts';

/** Orders that may wait for their decision at once; each holds a client's connection. */
const WAITING_LIMIT = 10_000;

/** The parts of the settings that the app itself needs. */
export type GatewayAppConfig = Pick<
  GatewayConfig,
  | 'USERS_URL'
  | 'INVENTORY_URL'
  | 'ORDERS_URL'
  | 'ORDER_WAIT_MS'
  | 'ORDER_STREAMS'
  | 'UPSTREAM_TIMEOUT_MS'
>;

/** The app, and how it ends. */
export interface GatewayApp {
  readonly app: Express;
  /** Answers orders that still wait with what is known of them, instead of at the end of their wait. */
  readonly giveUpWaiting: () => void;
  /** Closes the connections to the services. */
  readonly close: () => void;
}

/** Composes the gateway. It is stateless: ready as soon as it listens, whatever the services behind it do. */
export function createGatewayApp(deps: {
  readonly config: GatewayAppConfig;
  readonly logger: Logger;
  readonly waitingLimit?: number;
}): GatewayApp {
  const { config, logger } = deps;
  const upstreams = {
    users: createUpstream('users', config.USERS_URL),
    inventory: createUpstream('inventory', config.INVENTORY_URL),
    orders: createUpstream('orders', config.ORDERS_URL),
  };
  const placing = createOrderPlacing({
    orders: upstreams.orders,
    streamCount: config.ORDER_STREAMS,
    waitMs: config.ORDER_WAIT_MS,
    waitingLimit: deps.waitingLimit ?? WAITING_LIMIT,
    logger,
  });
  const app = createHttpApp({
    logger,
    // None: were the gateway unready whenever a service is, one service's trouble would take all the others' routes away.
    health: {},
    routes: (routes) => {
      gatewayRoutes(routes, {
        ...upstreams,
        placeOrder: placing.place,
        upstreamTimeoutMs: config.UPSTREAM_TIMEOUT_MS,
      });
    },
  });
  return {
    app,
    giveUpWaiting: placing.giveUp,
    close: () => {
      placing.close();
      for (const { agent } of Object.values(upstreams)) agent.destroy();
    },
  };
}
