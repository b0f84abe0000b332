// Inventory's events as stored JSON: every schema version ever written. They are published as they are, so the
// contract's schemas are the stored ones until one of the two has to change.
import { inventoryMessageSchemas as contract } from '@orderflow/shared/contracts/inventory.ts';
import { createEventCodec, type EventSchemas } from '@orderflow/shared/eventstore/eventCodec.ts';
import type { ProductEvent } from './domain/product.ts';

/** By event type, all versions ever written. */
export const productEventSchemas: EventSchemas<ProductEvent> = {
  ProductAdded: contract.ProductAdded,
  StockReserved: contract.StockReserved,
  StockRejected: contract.StockRejected,
  StockReleased: contract.StockReleased,
  StockSold: contract.StockSold,
};

/** The codec of inventory's log. */
export const productCodec = createEventCodec(productEventSchemas);
