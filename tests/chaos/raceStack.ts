// Where the races are run: processes on the servers that the environment names, or the containers of docker-compose.yml.
import { eventually } from '@orderflow/shared/testing/eventually.ts';
import type { Audit, ClientAnswer } from '../books/audit.ts';
import { auditAtRest, auditLogsAtRest } from '../stack/shop.ts';
import { startStack } from '../stack/stack.ts';
import { createComposeStack, type ComposeStack } from './composeStack.ts';

const ORDER_WAIT = { ORDER_WAIT_MS: '60000' };
const GROUPS = ['inventory', 'orders'] as const;
/** A new member has its partitions after the group's next round: the session time-out at the latest. */
const REBALANCE_LIMIT_MS = 120_000;

/** A running system to race on. */
export interface RaceStack {
  readonly gatewayUrl: string;
  readonly audit: (answers: readonly ClientAnswer[]) => Promise<Audit>;
  readonly close: () => Promise<void>;
}

/** The four services as processes. */
export async function startProcesses(): Promise<RaceStack> {
  const stack = await startStack(ORDER_WAIT);
  return {
    gatewayUrl: stack.gatewayUrl,
    audit: (answers) => auditAtRest(stack, answers),
    close: () => stack.close(),
  };
}

/**
 * The containers of docker-compose.yml, `scale` of them for a service, with secure.env or without. Comes back when each of inventory and of orders has
 * partitions of its own, and says which.
 */
export async function startCompose(
  scale: Readonly<Record<string, number>>,
  isSecure: boolean,
): Promise<RaceStack> {
  const stack = await createComposeStack(scale, ORDER_WAIT, isSecure);
  try {
    await stack.start();
    for (const group of GROUPS) await untilSpread(stack, group, scale[group] ?? 1);
  } catch (error) {
    await stack.stop();
    throw error;
  }
  return {
    gatewayUrl: stack.gatewayUrl,
    audit: (answers) => auditLogsAtRest(stack.readLog, answers),
    close: () => stack.stop(),
  };
}

async function untilSpread(
  stack: ComposeStack,
  group: (typeof GROUPS)[number],
  replicas: number,
): Promise<void> {
  const members = await eventually(
    async () => {
      const found = await stack.groupMembers(group);
      return new Set(found.map(({ host }) => host)).size === replicas && found;
    },
    `${replicas} containers of ${group} have partitions`,
    { timeoutMs: REBALANCE_LIMIT_MS, intervalMs: 1_000 },
  );
  for (const { host, partitions } of members)
    console.log(`${group} at ${host}: ${partitions.length} partitions: ${partitions.join(' ')}`);
}
