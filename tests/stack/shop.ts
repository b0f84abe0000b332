// What the tests do in the shop: register users, add products, place orders, and compare with the logs afterwards.
import { z } from 'zod';
import { eventually } from '@orderflow/shared/testing/eventually.ts';
import { audit, type Audit, type ClientAnswer } from '../books/audit.ts';
import { readLogOf, type ReadLog } from '../books/logs.ts';
import type { Answer, Call } from './client.ts';
import type { Stack } from './stack.ts';

const created = z.object({ resp: z.object({ id: z.number() }) });

/** Registers `count` users, some at a time, and gives their ids. */
export async function registerUsers(
  call: Call,
  count: number,
  prefix = 'buyer',
): Promise<number[]> {
  const answers = await Promise.all(
    Array.from({ length: count }, (_, index) =>
      call('POST', '/user', { email: `${prefix}${index}@example.com` }),
    ),
  );
  return answers.map((answer) => idIn(answer));
}

/** Adds a product and gives its id. */
export async function addProduct(call: Call, name: string, count: number): Promise<number> {
  return idIn(await call('POST', '/inventory', { name, count }));
}

/** Places an order and keeps what was said about it. */
export async function placeOrder(
  call: Call,
  order: { readonly userId: number; readonly productId: number },
  headers: Readonly<Record<string, string>> = {},
): Promise<ClientAnswer> {
  const answer = await call('POST', '/order', order, headers);
  const id = answer.headers['order-id'];
  return {
    orderId: typeof id === 'string' ? id : undefined,
    status: answer.status,
    text: answer.text,
  };
}

/**
 * Places orders without end, each user one after the other, until told to stop. User n begins with product n and goes on
 * in steps of `stride`, so that all products have their turn if it has no divisor in common with their number.
 */
export async function orderUntil(
  stop: AbortSignal,
  call: Call,
  { userIds, productIds, stride }: OrderingUsers,
): Promise<readonly ClientAnswer[]> {
  const answers: ClientAnswer[] = [];
  await Promise.all(
    userIds.map(async (userId, index) => {
      for (let turn = index; !stop.aborted; turn += stride) {
        const productId = productIds[turn % productIds.length] ?? 0;
        answers.push(await placeOrder(call, { userId, productId }));
      }
    }),
  );
  return answers;
}

/** Who orders what in `orderUntil`. */
export interface OrderingUsers {
  readonly userIds: readonly number[];
  readonly productIds: readonly number[];
  readonly stride: number;
}

/** How often each status was answered. */
export function countStatuses(answers: readonly ClientAnswer[]): Record<number, number> {
  const counts: Record<number, number> = {};
  for (const { status } of answers) counts[status] = (counts[status] ?? 0) + 1;
  return counts;
}

/** Waits until no order of a stack is undecided, then compares the answers with the logs of inventory and orders. */
export async function auditAtRest(stack: Stack, answers: readonly ClientAnswer[]): Promise<Audit> {
  const { host, port, adminUser, adminPassword } = stack.infra.mysql;
  const source = { host, port, user: adminUser, password: adminPassword };
  return auditLogsAtRest((service) => readLogOf(source, stack.databases[service]), answers);
}

/** The same with any way to read the logs; waits at most `timeoutMs`. */
export async function auditLogsAtRest(
  readLog: ReadLog,
  answers: readonly ClientAnswer[],
  timeoutMs?: number,
): Promise<Audit> {
  const read = async () => audit(answers, await readLog('inventory'), await readLog('orders'));
  await eventually(async () => (await read()).orders.undecided === 0, 'every order is decided', {
    intervalMs: 500,
    ...(timeoutMs === undefined ? {} : { timeoutMs }),
  });
  return read();
}

function idIn(answer: Answer): number {
  if (answer.status !== 200) throw new Error(`${answer.status} ${answer.text}`);
  return created.parse(answer.json).resp.id;
}
