// Inventory, composed from its dependencies: no I/O here, so the same service runs on any store.
import type { Router } from 'express';
import type { OrdersMessage } from '@orderflow/shared/contracts/orders.ts';
import { INVENTORY_TOPIC } from '@orderflow/shared/contracts/topics.ts';
import type { Reactions } from '@orderflow/shared/messaging/reaction.ts';
import { readModel } from '@orderflow/shared/runtime/schema.ts';
import { productDecider } from './domain/decideReservation.ts';
import type { ProductEvent, ProductState } from './domain/product.ts';
import { productCodec } from './eventCodec.ts';
import { createProductRoutes, type ProductRoutesDeps } from './http/routes.ts';
import { createReactions } from './messaging/inbound.ts';
import { toMessages } from './messaging/outbound.ts';
import { Inventory1763800000100 } from './migrations/inventory1763800000100.ts';
import { productsEntity, productsProjection } from './readmodel/products.ts';
import { productStateCodec } from './stateCodec.ts';

/** What the service is made of before anything is connected. */
export const inventoryParts = {
  schema: { tables: [readModel(productsEntity)], migrations: [Inventory1763800000100] },
  codec: productCodec,
  decider: productDecider,
  stateCodec: productStateCodec,
  projections: [productsProjection],
  topic: INVENTORY_TOPIC,
  toMessages,
  createReactions,
};

/** The service at work: its routes, and what it does about the messages of orders. */
export interface InventoryApp {
  readonly routes: Router;
  readonly reactions: Reactions<ProductState, ProductEvent, OrdersMessage>;
}

/** Composes the service. */
export function createInventoryApp(deps: ProductRoutesDeps): InventoryApp {
  return { routes: createProductRoutes(deps), reactions: createReactions(deps) };
}
