// Three databases of a made shop, audited as `orderflow verify` does it.
import type { RowDataPacket } from 'mysql2/promise';
import { eventStoreSchema } from '@orderflow/shared/eventstore/tables.ts';
import { combineSchemas } from '@orderflow/shared/runtime/schema.ts';
import { testInfra } from '@orderflow/shared/testing/infra.ts';
import { createTestDatabase, type TestDatabase } from '@orderflow/shared/testing/testDatabase.ts';
import type { DataService } from '../src/config.ts';
import { takeCut } from '../src/cut.ts';
import { loadServiceParts, type ServiceParts } from '../src/serviceLogs.ts';
import { audit, type AuditInput, type AuditResult, type PerService } from '../src/verify/audit.ts';
import { makeShop, type ShopSize } from './makeShop.ts';

const EVERYTHING: PerService = { users: 0, inventory: 0, orders: 0 };

/** A made shop. */
export interface AuditedShop {
  readonly databases: Readonly<Record<DataService, TestDatabase>>;
  /** Audits it as it stands. */
  readonly audit: (since?: PerService, onTopic?: AuditInput['onTopic']) => Promise<AuditResult>;
  /** The first row of a query. Throws if there is none. */
  readonly one: (service: DataService, sql: string) => Promise<RowDataPacket>;
  /** The breaches in words, after a change by hand that is undone afterwards. */
  readonly breachesAfter: (
    service: DataService,
    change: readonly string[],
    undo: readonly string[],
  ) => Promise<readonly string[]>;
  readonly drop: () => Promise<void>;
}

/** Makes one in databases of its own. `change`: what its services, and the audit of them, are built of instead. */
export async function openAuditedShop(
  size: ShopSize,
  change: (parts: ServiceParts) => ServiceParts = (parts) => parts,
): Promise<AuditedShop> {
  const parts = change(await loadServiceParts());
  const make = (service: DataService) =>
    createTestDatabase(combineSchemas(eventStoreSchema, parts[service].schema), testInfra());
  const databases = {
    users: await make('users'),
    inventory: await make('inventory'),
    orders: await make('orders'),
  };
  const { users, inventory, orders } = databases;
  const admins = { users: users.admin, inventory: inventory.admin, orders: orders.admin };
  const pools = { users: users.pool, inventory: inventory.pool, orders: orders.pool };
  await makeShop(parts, admins, size);
  const auditIt: AuditedShop['audit'] = async (since = EVERYTHING, onTopic) => {
    const cut = await takeCut(pools, { live: true });
    try {
      const { snapshots } = cut;
      return await audit({
        ...{ parts, snapshots, since, topicPrefix: '', defaultPartitions: 12 },
        ...(onTopic === undefined ? {} : { onTopic }),
      });
    } finally {
      cut.release();
    }
  };
  return {
    databases,
    audit: auditIt,
    async one(service, sql) {
      const [[row]] = await databases[service].admin.query<RowDataPacket[]>(sql);
      if (row === undefined) throw new Error(`Nothing found by ${sql}`);
      return row;
    },
    async breachesAfter(service, change, undo) {
      const { admin } = databases[service];
      for (const statement of change) await admin.query(statement);
      const { findings } = await auditIt();
      for (const statement of undo) await admin.query(statement);
      return findings.breaches.map(({ promise, text }) => `${promise}: ${text}`);
    },
    async drop() {
      for (const database of [users, inventory, orders]) await database.drop();
    },
  };
}
