// What the clients of a run do: they order, some twice, some again, some something else under the same id.
import { USERS_TOPIC } from '@orderflow/shared/contracts/topics.ts';
import { orderIdSchema, productIdSchema, userIdSchema } from '@orderflow/shared/contracts/ids.ts';
import { ConflictError } from '@orderflow/shared/eventstore/eventStore.ts';
import { partitionOf } from '@orderflow/shared/messaging/murmur2.ts';
import type { Book } from './book.ts';
import type { Gateway, SentOrder } from './gateway.ts';
import type { Plan, PlannedOrder } from './plan.ts';
import { randomUuid } from './random.ts';
import { instancesOf, type Running, type Shop } from './shop.ts';

/** How long after an answer a client comes back. */
const BACK_AFTER_MS = [0, 800] as const;
const ADMIN_PAUSE_MS = 300;
const ADMIN_TRIES = 30;
const UNKNOWN_PRODUCT_ID = 1_000;

/** Lets the clients of the plan order at their moments. */
export function placeOrders(shop: Shop, gateway: Gateway, book: Book): void {
  const { world, plan } = shop;
  for (const order of plan.orders)
    book.open(order.at, () => {
      const first = place(gateway, book, order);
      if (order.again === 'no') return first;
      if (order.again === 'twice') return Promise.all([first, place(gateway, book, order)]);
      return first.then(async () => {
        await world.wait(world.random.between(...BACK_AFTER_MS));
        await place(gateway, book, order.again === 'later' ? order : another(order));
      });
    });
  const { lateProduct } = plan;
  if (lateProduct !== undefined)
    book.open(lateProduct.at, () =>
      untilDone(shop, 'inventory', (instance) =>
        instance.addProduct?.('Late product', lateProduct.quantity),
      ),
    );
}

/**
 * One more message in every partition: a loss that nobody can have noticed yet shows with the next message. The orders are
 * for products that nobody knows, whose keys are parked nowhere: each is asked for, and refused.
 */
export function nudge(shop: Shop, gateway: Gateway, book: Book): void {
  const { world, plan, databases } = shop;
  for (const productId of idsInEachPartition(plan, UNKNOWN_PRODUCT_ID))
    book.open(0, () =>
      place(gateway, book, {
        orderId: orderIdSchema.parse(randomUuid(world.random)),
        userId: userIdSchema.parse(1),
        lines: [{ productId: productIdSchema.parse(productId), quantity: 1 }],
      }),
    );
  if (!world.faults.some((fault) => 'topic' in fault && fault.topic === USERS_TOPIC)) return;
  const lastUserId = databases.users.counters.get('users') ?? 0;
  for (const userId of idsInEachPartition(plan, lastUserId))
    book.open(0, () =>
      untilDone(shop, 'users', (instance) => instance.register?.(`${userId}@example.com`)),
    );
}

/** The next ids behind `lastId`, as many as it takes until each partition has one of them. */
function idsInEachPartition({ partitionCount }: Plan, lastId: number): readonly number[] {
  const ids: number[] = [];
  const partitions = new Set(Array.from({ length: partitionCount }, (_, partition) => partition));
  while (partitions.size > 0) {
    const id = lastId + ids.length + 1;
    partitions.delete(partitionOf(String(id), partitionCount));
    ids.push(id);
  }
  return ids;
}

async function place(gateway: Gateway, book: Book, order: SentOrder): Promise<void> {
  book.sent(order);
  book.answered(order, await gateway.place(order));
}

/** Another order under the same id. */
function another(order: PlannedOrder): SentOrder {
  const [first] = order.lines;
  const productId = productIdSchema.parse(first?.productId);
  return { ...order, lines: [{ productId, quantity: (first?.quantity ?? 0) + 7 }] };
}

/** An operator at work: tries again until it is done, or was done by a try of which nobody heard. */
async function untilDone(
  shop: Shop,
  service: 'inventory' | 'users',
  act: (instance: Running) => Promise<void> | undefined,
): Promise<void> {
  const { world } = shop;
  const done = { isSo: false };
  const note = (error?: unknown): void => {
    // The name is taken: by ourselves.
    done.isSo ||=
      error === undefined || (error instanceof ConflictError && error.kind === 'unique');
  };
  for (let tries = 0; tries < ADMIN_TRIES && !done.isSo; tries += 1) {
    const instances = instancesOf(shop, service);
    if (instances.length > 0) {
      const instance = world.random.pick(instances);
      world.scheduler.schedule(0, instance.process, () => {
        act(instance)?.then(() => {
          note();
        }, note);
      });
    }
    await world.wait(ADMIN_PAUSE_MS);
  }
}
