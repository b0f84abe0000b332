// `orderflow verify` on a test's stack, as a function: what an operator would be told.
import { createLogger } from '@orderflow/shared/runtime/logger.ts';
import { readSystemConfig } from '../../packages/cli/src/config.ts';
import { takeCut } from '../../packages/cli/src/cut.ts';
import {
  closeServicePools,
  loadServiceParts,
  openServicePools,
} from '../../packages/cli/src/serviceLogs.ts';
import { audit, type AuditResult } from '../../packages/cli/src/verify/audit.ts';
import { compareTopic } from '../../packages/cli/src/verify/kafkaTopics.ts';
import type { Stack } from './stack.ts';

/** Audits the stack as it is at this moment. `kafka`: its topics too. Throws as `orderflow verify` does. */
export async function verifyStack(
  stack: Pick<Stack, 'infra' | 'databases' | 'topicPrefix'>,
  { live, kafka = false }: { live: boolean; kafka?: boolean },
): Promise<AuditResult> {
  const { infra, databases, topicPrefix } = stack;
  const config = readSystemConfig({
    ...{ MYSQL_HOST: infra.mysql.host, MYSQL_PORT: String(infra.mysql.port) },
    ...Object.fromEntries(
      Object.entries(databases).flatMap(([service, database]) => {
        const prefix = `${service.toUpperCase()}_MYSQL`;
        return [
          [`${prefix}_DATABASE`, database],
          [`${prefix}_USER`, database],
        ];
      }),
    ),
  });
  const logger = createLogger({ service: 'test', level: 'silent' });
  const broker = { brokers: infra.brokers, clientId: 'verify', logger };
  const pools = openServicePools(config.databases);
  try {
    const { snapshots, release } = await takeCut(pools, { live });
    try {
      return await audit({
        ...{ parts: await loadServiceParts(), snapshots, topicPrefix, defaultPartitions: 12 },
        since: { users: 0, inventory: 0, orders: 0 },
        onTopic: async (book, findings) => {
          if (kafka) await compareTopic(broker, book, findings);
        },
      });
    } finally {
      release();
    }
  } finally {
    await closeServicePools(pools);
  }
}
