// Clients that place one order after the other and keep every answer.
import { setTimeout as wait } from 'node:timers/promises';
import type { ClientAnswer } from '../books/audit.ts';
import type { Call } from '../stack/client.ts';
import { placeOrder, registerUsers } from '../stack/shop.ts';

/** A load under way. */
export interface Load {
  /** Orders that were answered 200 so far. */
  confirmed(): number;
  /** From now on: counts the 200s of orders that are placed after this call. */
  confirmedOfNewOrders(): () => number;
  /** Ends the load when the orders under way are answered; gives all answers. */
  stop(): Promise<ClientAnswer[]>;
}

/** Starts `clients` users that order from the products in turn. A refused connection is tried again a little later. */
export async function startLoad(
  call: Call,
  plan: { readonly run: string; readonly productIds: readonly number[]; readonly clients: number },
): Promise<Load> {
  const userIds = await registerUsers(call, plan.clients, plan.run);
  const answers: ClientAnswer[] = [];
  const confirmedAt: { readonly placedAt: number }[] = [];
  let stopped = false;
  const work = userIds.map(async (userId, client) => {
    for (let turn = client; !stopped; turn += 1) {
      const productId = plan.productIds[turn % plan.productIds.length] ?? 0;
      const placedAt = performance.now();
      const answer = await placeOrder(call, { userId, productId });
      answers.push(answer);
      if (answer.status === 200) confirmedAt.push({ placedAt });
      // A dead gateway refuses thousands of connections a second: the log of answers would be of those alone.
      if (answer.status === 0 || answer.status === 503) await wait(50);
    }
  });
  return {
    confirmed: () => confirmedAt.length,
    confirmedOfNewOrders: () => {
      const since = performance.now();
      return () => confirmedAt.filter((each) => each.placedAt > since).length;
    },
    stop: async () => {
      stopped = true;
      await Promise.all(work);
      return answers;
    },
  };
}
