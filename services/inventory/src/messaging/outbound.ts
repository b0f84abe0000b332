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
  return [{ key: String(message.data.productId), schemaVersion: versionOf(message), ...message }];
}

/** Version 2 of a rejection only where it is needed: a consumer that does not know it yet waits for no other rejection. */
function versionOf({ type, data }: InventoryMessage): number {
  if (type === 'StockRejected' && data.reason !== 'request_dropped') return 1;
  return inventoryMessageSchemas[type].current;
}
