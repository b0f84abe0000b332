// A bug that concerns one order: whoever handles its messages throws, in every process, at every attempt, until it is
// mended.
import { INVENTORY_TOPIC, ORDERS_TOPIC } from '@orderflow/shared/contracts/topics.ts';
import type { DomainEvent } from '@orderflow/shared/eventstore/decider.ts';
import type { Reactions } from '@orderflow/shared/messaging/reaction.ts';
import type { Shop } from './shop.ts';

/** From which each consumer hears of orders. */
const TOPIC_WITH_ORDERS = { orders: INVENTORY_TOPIC, inventory: ORDERS_TOPIC } as const;

/** How the reason begins for which its messages are parked. */
export const POISON_REASON = 'Nobody can handle';

/** Until when this service cannot handle the messages of which orders, by their ids. */
function poisonedOrders(
  { plan, world }: Shop,
  consumer: 'orders' | 'inventory',
): ReadonlyMap<string, number> {
  const until = new Map<string, number>();
  for (const fault of world.faults) {
    if (fault.kind !== 'poison' || fault.consumer !== consumer) continue;
    const orderId = plan.orders[fault.order]?.orderId;
    if (orderId !== undefined) until.set(orderId, fault.mendedAt ?? Infinity);
  }
  return until;
}

/** The reactions, with that bug if the run has one. */
export function poisoned<State, Event extends DomainEvent, Fact extends DomainEvent>(
  shop: Shop,
  consumer: 'orders' | 'inventory',
  reactions: Reactions<State, Event, Fact>,
): Reactions<State, Event, Fact> {
  const { world } = shop;
  const until = poisonedOrders(shop, consumer);
  if (until.size === 0) return reactions;
  return {
    ...reactions,
    react(fact, load) {
      const { data } = fact;
      const orderId = 'orderId' in data ? String(data.orderId) : '';
      if (world.scheduler.now < (until.get(orderId) ?? 0)) {
        world.noteStruck('poison', [TOPIC_WITH_ORDERS[consumer]]);
        throw new Error(`${POISON_REASON} ${fact.type} of ${orderId}`);
      }
      return reactions.react(fact, load);
    },
  };
}
