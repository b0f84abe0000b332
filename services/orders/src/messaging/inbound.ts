// Others' messages to orders: inventory's decisions become commands to an order, the rest is what read models remember.
import {
  inventoryMessageSchemas,
  type InventoryMessage,
} from '@orderflow/shared/contracts/inventory.ts';
import { usersMessageSchemas, type UsersMessage } from '@orderflow/shared/contracts/users.ts';
import { parseMessage } from '@orderflow/shared/messaging/parseMessage.ts';
import type { Reactions } from '@orderflow/shared/messaging/reaction.ts';
import { orderDecider, type OrderCommand } from '../domain/decideOrder.ts';
import { orderStream, type OrderEvent, type OrderState } from '../domain/order.ts';

/** Others' events that orders reads. */
export type OrdersFact = InventoryMessage | UsersMessage;

const schemas = { ...inventoryMessageSchemas, ...usersMessageSchemas };

/** What a reaction needs: the time of its decision, and ids for a cart line that may come of it. */
export interface ReactionsDeps {
  readonly now: () => string;
  /** The next id of a cart line. Not every id is used: gaps are fine, reuse is not. */
  readonly nextCartLineId: () => Promise<number>;
  readonly newUuid: () => string;
}

/** Orders' reactions to inventory.v1 and users.v1. Of the users there is nothing to decide: read models fold them. */
export function createReactions(
  deps: ReactionsDeps,
): Reactions<OrderState, OrderEvent, OrdersFact> {
  return {
    parse: (message) => parseMessage(schemas, message),
    streamsOf: (fact) => (isDecision(fact) ? [orderStream(fact.data.orderId)] : []),
    async react(fact, load) {
      if (!isDecision(fact)) return [];
      const streamId = orderStream(fact.data.orderId);
      const state = await load(streamId);
      const decision = orderDecider.decide(await toCommand(fact, deps), state);
      // Of the commands that can come from here none is ever turned down: what comes late or twice has no events.
      if (decision.kind === 'rejected')
        throw new Error(`${fact.type} was turned down on ${streamId}: ${decision.rejection}`);
      return [{ streamId, events: decision.events }];
    },
  };
}

/** What inventory says of a line that was asked for; the rest (a product added, held stock sold or released) decides nothing. */
type LineDecision = Extract<InventoryMessage, { type: 'StockReserved' | 'StockRejected' }>;

function isDecision(fact: OrdersFact): fact is LineDecision {
  return fact.type === 'StockReserved' || fact.type === 'StockRejected';
}

async function toCommand(
  fact: LineDecision,
  { now, nextCartLineId, newUuid }: ReactionsDeps,
): Promise<OrderCommand> {
  const lineIndex = fact.data.line.index;
  if (fact.type === 'StockRejected')
    return { type: 'RecordLineRejected', lineIndex, reason: fact.data.reason, at: now() };
  return {
    type: 'RecordLineReserved',
    lineIndex,
    availableQuantity: fact.data.availableQuantity,
    stockChangedAt: fact.data.at,
    cartLineId: await nextCartLineId(),
    cartLineUuid: newUuid(),
    at: now(),
  };
}
