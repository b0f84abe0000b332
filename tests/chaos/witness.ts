// What the clients of a chaos run were told, from the first request to the last. No answer is no answer: it proves nothing.
import { z } from 'zod';
import type { ClientAnswer } from '../books/audit.ts';
import type { Answer } from '../stack/client.ts';

/** The record. It only grows. */
export interface Witness {
  /** Every order's answer. Status 0: none came. */
  readonly orders: ClientAnswer[];
  /** Ids of users and of products whose making was answered 200. */
  readonly userIds: Set<number>;
  readonly productIds: Set<number>;
  /** Per Idempotency-Key: the orders that its answers named. */
  readonly ordersOfKeys: Map<string, Set<string>>;
}

const created = z.object({ resp: z.object({ id: z.number() }) });

/** An empty record. */
export function createWitness(): Witness {
  return { orders: [], userIds: new Set(), productIds: new Set(), ordersOfKeys: new Map() };
}

/** Notes the answer to the making of a user or product; gives its id if it was answered 200. */
export function noteMade(ids: Set<number>, answer: Answer): number | undefined {
  if (answer.status !== 200) return undefined;
  const { id } = created.parse(answer.json).resp;
  ids.add(id);
  return id;
}

/** Notes an order's answer, and under which key it was placed. */
export function noteOrder(witness: Witness, answer: ClientAnswer, key: string | undefined): void {
  witness.orders.push(answer);
  if (key === undefined || answer.orderId === undefined) return;
  const named = witness.ordersOfKeys.get(key) ?? new Set();
  witness.ordersOfKeys.set(key, named.add(answer.orderId));
}

/** What the record contradicts by itself: two orders for one key. */
export function contradictions({ ordersOfKeys }: Witness): string[] {
  return [...ordersOfKeys]
    .filter(([, named]) => named.size > 1)
    .map(([key, named]) => `Idempotency-Key ${key} had orders ${[...named].join(', ')}`);
}
