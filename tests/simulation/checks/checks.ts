// The promises, checked at rest.
import { FLOWS } from '../rest.ts';
import type { Shop } from '../shop.ts';
import { handledMessages } from './handled.ts';
import { checkLog } from './logs.ts';
import { checkOrders } from './orders.ts';
import { checkReadModels } from './readModels.ts';
import { checkSnapshots } from './snapshots.ts';
import { checkStock } from './stock.ts';
import { checkTopics } from './topics.ts';

/** Everything that is wrong with the logs, read models and topics of a shop that is at rest, in words. */
export function checkRest(shop: Shop): readonly string[] {
  const { orders, inventory, users } = shop.databases;
  const [requests, answers, registrations] = FLOWS.map((flow) => handledMessages(shop, flow));
  if (requests === undefined || answers === undefined || registrations === undefined)
    throw new Error('There are three flows');
  return [
    ...checkLog('orders', orders.memory.contents),
    ...checkLog('inventory', inventory.memory.contents),
    ...checkLog('users', users.memory.contents),
    ...[requests, answers, registrations].flatMap(({ breaches }) => breaches),
    ...checkStock(shop, requests),
    ...checkOrders(shop, answers.handled),
    ...checkReadModels(shop, [...answers.handled, ...registrations.handled]),
    ...checkTopics(shop),
    ...checkSnapshots(shop),
  ];
}
