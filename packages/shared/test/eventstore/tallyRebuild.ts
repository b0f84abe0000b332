// Tallies in a database of their own, for tests that rebuild their read model.
import type { Pool, RowDataPacket } from 'mysql2/promise';
import type { DomainEvent } from '../../src/eventstore/decider.ts';
import type { EventStore } from '../../src/eventstore/eventStore.ts';
import { ownLogSource, type FoldSource } from '../../src/eventstore/foldSource.ts';
import { createMysqlEventStore } from '../../src/eventstore/mysqlEventStore.ts';
import type { Projection, Row } from '../../src/eventstore/projection.ts';
import {
  rebuildReadModel,
  type RebuildOptions,
  type RebuildReport,
} from '../../src/eventstore/rebuild.ts';
import { openPool } from '../../src/runtime/database.ts';
import { testInfra } from '../../src/testing/infra.ts';
import { talliesProjection, tallyCodec, type TallyEvent } from '../../src/testing/tallyDomain.ts';
import { createTestDatabase, type TestDatabase } from '../../src/testing/testDatabase.ts';
import { tallySchema } from './tallySchema.ts';

/** The database, and what a rebuild of it works on. */
export interface TallyGround {
  readonly database: TestDatabase;
  /** As the user who may make tables. */
  readonly admin: Pool;
  /** A new store, which has met no other writer yet. */
  openStore(): EventStore<TallyEvent>;
  ownLog(): FoldSource<number, number>;
  /** From the own log, to repair, unless the options say otherwise. */
  rebuild(options?: Partial<RebuildOptions<number, number>>): Promise<RebuildReport>;
  tableRows(): Promise<readonly Row[]>;
  drop(): Promise<void>;
}

/** Makes the database. */
export async function openTallies(): Promise<TallyGround> {
  const infra = testInfra();
  const database = await createTestDatabase(tallySchema, infra);
  const { adminUser: user, adminPassword: password } = infra.mysql;
  const admin = openPool({ ...database.settings, user, password, poolSize: 6 });
  const projections = [talliesProjection as Projection<DomainEvent>];
  const ownLog = () => ownLogSource(admin, tallyCodec);
  return {
    ...{ database, admin, ownLog },
    openStore: () =>
      createMysqlEventStore<TallyEvent>({
        ...{ pool: database.pool, codec: tallyCodec, projections: [talliesProjection] },
      }),
    rebuild: (options = {}) =>
      rebuildReadModel({ pool: admin, projections, source: ownLog(), dryRun: false, ...options }),
    async tableRows() {
      const sql = 'SELECT * FROM tallies ORDER BY tally';
      const [rows] = await admin.query<(RowDataPacket & Row)[]>(sql);
      return rows.map((row) => ({ ...row }));
    },
    async drop() {
      await admin.end();
      await database.drop();
    },
  };
}

/** The id and name of the n-th tally; they sort by number. */
export function nameOf(index: number): string {
  return `tally-${String(index).padStart(3, '0')}`;
}
