// Orders' messages as commands to a product's stock.
import { ordersMessageSchemas, type OrdersMessage } from '@orderflow/shared/contracts/orders.ts';
import { parseMessage } from '@orderflow/shared/messaging/parseMessage.ts';
import { DropRefusal, type Reactions } from '@orderflow/shared/messaging/reaction.ts';
import { productDecider, type ProductCommand } from '../domain/decideReservation.ts';
import { productStream, type ProductEvent, type ProductState } from '../domain/product.ts';

/**
 * Inventory's reactions to orders.v1. `now` gives the time of a decision.
 * A message concerns one line, and so one product's stream.
 */
export function createReactions(deps: {
  readonly now: () => string;
}): Reactions<ProductState, ProductEvent, OrdersMessage> {
  return {
    parse: (message) => parseMessage(ordersMessageSchemas, message),
    streamsOf: (fact) => (isFinalAlready(fact) ? [] : [productStream(fact.data.productId)]),
    async react(fact, load) {
      if (isFinalAlready(fact)) return [];
      const streamId = productStream(fact.data.productId);
      const decision = productDecider.decide(toCommand(fact, deps.now()), await load(streamId));
      // Of the commands that can come from here none is ever turned down: what changes nothing has no events.
      if (decision.kind === 'rejected')
        throw new Error(`${fact.type} was turned down on ${streamId}: ${decision.rejection}`);
      return [{ streamId, events: decision.events }];
    },
    async drop({ type, data: { productId, orderId, line, quantity } }, load) {
      if (type !== 'OrderRequested')
        throw new DropRefusal(
          `${type} says what became of order ${orderId}; without it stock would stay held for it: mend what fails, then retry`,
        );
      const streamId = productStream(productId);
      const command = { productId, orderId, line, quantity, at: deps.now() };
      const decision = productDecider.decide(
        { type: 'GiveUpRequest', ...command },
        await load(streamId),
      );
      return decision.kind === 'events' ? [{ streamId, events: decision.events }] : [];
    },
  };
}

/** A line that stands alone was sold when it was reserved: its confirmation needs no look at the stock. */
function isFinalAlready({ type, data }: OrdersMessage): boolean {
  return type === 'OrderConfirmed' && data.line.of === 1;
}

function toCommand({ type, data }: OrdersMessage, at: string): ProductCommand {
  const { productId, orderId, line } = data;
  switch (type) {
    case 'OrderRequested':
      return { type: 'ReserveStock', productId, orderId, line, quantity: data.quantity, at };
    case 'OrderConfirmed':
      return { type: 'SellStock', productId, orderId, line, at };
    case 'OrderRejected':
      return { type: 'ReleaseStock', productId, orderId, line, at };
  }
}
