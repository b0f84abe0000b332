// What is there when a run begins: products and users, and later a product that is added while orders come in.
import { productIdSchema, userIdSchema } from '@orderflow/shared/contracts/ids.ts';
import { productStream } from '../../services/inventory/src/domain/product.ts';
import { userStream } from '../../services/users/src/domain/user.ts';
import { randomUuid } from './random.ts';
import type { Shop } from './shop.ts';

const metadata = { correlationId: 'beginning', causationId: 'beginning' };
const instant = (): string => new Date().toISOString();

/** Puts the plan's products into inventory's log. */
export async function seedProducts({ world, plan, databases }: Shop): Promise<void> {
  const { inventory } = databases;
  const streams = plan.stocks.map((quantity, index) => {
    const productId = productIdSchema.parse(inventory.takeIds('products', 1));
    const uuid = randomUuid(world.random);
    const data = { productId, uuid, name: `Product ${index}`, quantity, at: instant() };
    const events = [{ event: { type: 'ProductAdded', data } as const, metadata }];
    return { streamId: productStream(productId), expectedVersion: 0, events };
  });
  await inventory.store.commit([{ streams }]);
}

/** Puts the plan's users into the users' log or, where that service does not run, into what orders knows already. */
export async function seedUsers({ world, plan, databases, seededFacts }: Shop): Promise<void> {
  const { orders, users } = databases;
  const userIds = Array.from({ length: plan.userCount }, () =>
    userIdSchema.parse(users.takeIds('users', 1)),
  );
  const at = instant();
  if (plan.instances.users === 0) {
    const facts = userIds.map((userId) => ({
      type: 'UserRegistered' as const,
      data: { userId, at },
    }));
    seededFacts.push(...facts);
    await orders.store.commit([{ streams: [], facts }]);
    return;
  }
  const streams = userIds.map((userId) => {
    const data = { userId, uuid: randomUuid(world.random), at };
    const events = [{ event: { type: 'UserRegistered', data } as const, metadata }];
    return { streamId: userStream(userId), expectedVersion: 0, events };
  });
  await users.store.commit([{ streams }]);
}
