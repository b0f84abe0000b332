// What a restore notes beside the logs, in a made shop whose logs have all they had.
import { DATA_SERVICES } from '../src/config.ts';
import { TRAFFIC } from '../src/kafkaAccess.ts';
import type { AuditedShop } from './auditedShop.ts';

/** Makes incarnation 2 of all logs, and tells every consumer that all positions of incarnation 1 count. */
export async function noteRestore({ databases, one }: AuditedShop, prefix = ''): Promise<void> {
  for (const { service, publishes } of TRAFFIC) {
    const { last } = await one(service, 'SELECT MAX(position) AS last FROM events');
    await databases[service].admin.query('UPDATE log_head SET incarnation = 2');
    const histories = [1, 2].map((each) => [
      `${prefix}${publishes}`,
      each,
      each === 1 ? Number(last) : 0,
    ]);
    for (const consumer of TRAFFIC.filter(({ consumes }) => consumes.includes(publishes)))
      await databases[consumer.service].admin.query('INSERT INTO publisher_histories VALUES ?', [
        histories,
      ]);
  }
}

/** As it was before. */
export async function forgetRestore({ databases }: AuditedShop): Promise<void> {
  for (const service of DATA_SERVICES) {
    const { admin } = databases[service];
    await admin.query('DELETE FROM publisher_histories');
    await admin.query('UPDATE log_head SET incarnation = 1');
  }
}
