// A shop with users, products and orders, made by the services' own rules: some orders of several lines, some refused.
import type { InboundMessage } from '@orderflow/shared/messaging/envelope.ts';
import { orderIdSchema, productIdSchema, userIdSchema } from '@orderflow/shared/contracts/ids.ts';
import type { ServiceParts } from '../src/serviceLogs.ts';
import { auditedInventory, auditedOrders, auditedUsers } from '../src/verify/services.ts';
import { MadeService, madeUuid, type AdminPools } from './madeSystem.ts';

/** How large the shop is. */
export interface ShopSize {
  readonly users: number;
  readonly products: number;
  /** Pieces of each product. */
  readonly stock: number;
  readonly orders: number;
  /** Orders behind these that inventory has not heard of yet; none if it is left out. */
  readonly waiting?: number;
  /** What stands before the names of its topics; nothing if it is left out. */
  readonly topicPrefix?: string;
}

/** Orders under way at a time. */
const TOGETHER = 50;
const WRITE_EVERY_ORDERS = 5_000;

/** Makes the shop in empty databases. */
export async function makeShop(
  parts: ServiceParts,
  admins: AdminPools,
  size: ShopSize,
): Promise<void> {
  const prefix = size.topicPrefix ?? '';
  const users = new MadeService(auditedUsers(parts), admins.users, prefix);
  const inventory = new MadeService(auditedInventory(parts), admins.inventory, prefix);
  const orders = new MadeService(auditedOrders(parts), admins.orders, prefix);
  const toInventory: InboundMessage[] = [];
  const toOrders: { message: InboundMessage; topic: string }[] = [];
  users.deliver = (message) => toOrders.push({ message, topic: users.topic });
  inventory.deliver = (message) => toOrders.push({ message, topic: inventory.topic });
  orders.deliver = (message) => toInventory.push(message);
  const settle = async () => {
    while (toInventory.length + toOrders.length > 0) {
      for (const message of toInventory.splice(0)) await inventory.hear(message, orders.topic);
      for (const { message, topic } of toOrders.splice(0)) await orders.hear(message, topic);
    }
  };
  for (let id = 1; id <= size.users; id += 1)
    users.request(`user-${id}`, {
      ...{ type: 'RegisterUser', userId: userIdSchema.parse(id) },
      ...{ uuid: madeUuid(id), at: users.now() },
    });
  for (let id = 1; id <= size.products; id += 1)
    inventory.request(`product-${id}`, {
      ...{ type: 'AddProduct', productId: productIdSchema.parse(id), uuid: madeUuid(id) },
      ...{ name: `Product ${id}`, quantity: size.stock, at: inventory.now() },
    });
  await settle();
  const place = (number: number): void => {
    const orderId = orderIdSchema.parse(madeUuid(number));
    orders.request(`order-${orderId}`, {
      ...{ type: 'RequestOrder', orderId, userId: userIdSchema.parse(1 + (number % size.users)) },
      ...{ lines: linesOf(number, size.products), requestHmac: '0'.repeat(64), at: orders.now() },
    });
  };
  for (let number = 1; number <= size.orders; number += 1) {
    place(number);
    if (number % TOGETHER === 0) await settle();
    if (number % WRITE_EVERY_ORDERS === 0)
      await Promise.all([users, inventory, orders].map((service) => service.write(false)));
  }
  await settle();
  for (let more = 1; more <= (size.waiting ?? 0); more += 1) place(size.orders + more);
  for (const service of [users, inventory, orders]) await service.write(true);
}

/** Most orders have one line, as most have in life. */
function linesOf(number: number, products: number) {
  const count = number % 20 === 0 ? 3 : 1;
  const scattered = Math.imul(number, 0x9e3779b1) >>> 8;
  return Array.from({ length: Math.min(count, products) }, (_, index) => ({
    productId: productIdSchema.parse(1 + ((scattered + index) % products)),
    quantity: 1 + (number % 2),
  }));
}
