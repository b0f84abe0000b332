// The orders' events as the contract's messages: one per line, keyed by the line's product, so that all that concerns one
// product stands in one partition, in order, and a release cannot overtake its reservation.
import type { OrderId } from '@orderflow/shared/contracts/ids.ts';
import { ordersMessageSchemas, type OrdersMessage } from '@orderflow/shared/contracts/orders.ts';
import type { RecordedEvent } from '@orderflow/shared/eventstore/eventStore.ts';
import type { OutboundMessage } from '@orderflow/shared/messaging/envelope.ts';
import type { OrderEvent, RequestedLine } from '../domain/order.ts';

/** What orders.v1 says of an event. */
export function toMessages({ event }: RecordedEvent<OrderEvent>): readonly OutboundMessage[] {
  switch (event.type) {
    case 'OrderRequested':
      return perLine(event.data, (data) => ({ type: 'OrderRequested', data }));
    case 'OrderConfirmed':
      return perLine(event.data, (data) => ({ type: 'OrderConfirmed', data }));
    case 'OrderRejected': {
      const { reason } = event.data;
      return perLine(event.data, (data) => ({ type: 'OrderRejected', data: { ...data, reason } }));
    }
    case 'OrderLineReserved':
      // The order's own bookkeeping: inventory said so itself.
      return [];
  }
}

function perLine(
  order: {
    readonly orderId: OrderId;
    readonly lines: readonly RequestedLine[];
    readonly at: string;
  },
  toMessage: (line: Extract<OrdersMessage, { type: 'OrderRequested' }>['data']) => OrdersMessage,
): readonly OutboundMessage[] {
  const { orderId, lines, at } = order;
  return lines.map(({ productId, quantity }, index) => {
    const line = { index, of: lines.length };
    const message = toMessage({ orderId, productId, line, quantity, at });
    return { key: String(productId), schemaVersion: versionOf(message), ...message };
  });
}

/** Version 2 of a rejection only where it is needed: a consumer that does not know it yet waits for no other rejection. */
function versionOf({ type, data }: OrdersMessage): number {
  if (type === 'OrderRejected' && data.reason !== 'request_dropped') return 1;
  return ordersMessageSchemas[type].current;
}

/** A client waits for what inventory says to a request. What became of an order, inventory may hear a moment later. */
export function isAwaited({ type }: OrderEvent): boolean {
  return type === 'OrderRequested';
}
