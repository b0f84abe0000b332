// Inventory's events as the contract's messages: one each, keyed by the product, so a product's decisions stay in order.
import {
  inventoryMessageSchemas,
  type InventoryMessage,
} from '@orderflow/shared/contracts/inventory.ts';
import type { RecordedEvent } from '@orderflow/shared/eventstore/eventStore.ts';
import type { OutboundMessage } from '@orderflow/shared/messaging/envelope.ts';
import type { ProductEvent } from '../domain/product.ts';

/** What inventory.v1 says of an event: all of it. */
export function toMessages({ event }: RecordedEvent<ProductEvent>): readonly OutboundMessage[] {
  const message: InventoryMessage = event;
  const schemaVersion = inventoryMessageSchemas[message.type].current;
  return [{ key: String(message.data.productId), schemaVersion, ...message }];
}
