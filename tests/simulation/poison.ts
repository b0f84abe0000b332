// A bug that concerns one order: whoever handles its messages throws, in every process, at every attempt.
import { INVENTORY_TOPIC, ORDERS_TOPIC } from '@orderflow/shared/contracts/topics.ts';
import type { DomainEvent } from '@orderflow/shared/eventstore/decider.ts';
import type { Reactions } from '@orderflow/shared/messaging/reaction.ts';
import type { Shop } from './shop.ts';

/** From which each consumer hears of orders. */
const TOPIC_WITH_ORDERS = { orders: INVENTORY_TOPIC, inventory: ORDERS_TOPIC } as const;

/** The ids of the orders whose messages this service cannot handle. */
function poisonedOrders({ plan, world }: Shop, consumer: 'orders' | 'inventory'): Set<string> {
  const indexes = world.faults.flatMap((fault) =>
    fault.kind === 'poison' && fault.consumer === consumer ? [fault.order] : [],
  );
  return new Set(indexes.flatMap((index) => plan.orders[index]?.orderId ?? []));
}

/** The reactions, with that bug if the run has one. */
export function poisoned<State, Event extends DomainEvent, Fact extends DomainEvent>(
  shop: Shop,
  consumer: 'orders' | 'inventory',
  reactions: Reactions<State, Event, Fact>,
): Reactions<State, Event, Fact> {
  const orderIds = poisonedOrders(shop, consumer);
  if (orderIds.size === 0) return reactions;
  return {
    ...reactions,
    react(fact, load) {
      const { data } = fact;
      if ('orderId' in data && orderIds.has(String(data.orderId))) {
        shop.world.noteStruck('poison', [TOPIC_WITH_ORDERS[consumer]]);
        throw new Error(`Nobody can handle ${fact.type} of ${String(data.orderId)}`);
      }
      return reactions.react(fact, load);
    },
  };
}
