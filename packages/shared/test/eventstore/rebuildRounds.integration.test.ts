// The rounds of a rebuild: what is folded before its locks, how often tables are compared, and when it gives up.
import type { Pool, RowDataPacket } from 'mysql2/promise';
import type { DomainEvent } from '../../src/eventstore/decider.ts';
import type { EventStore } from '../../src/eventstore/eventStore.ts';
import { ownLogSource, type FoldSource } from '../../src/eventstore/foldSource.ts';
import { createMysqlEventStore } from '../../src/eventstore/mysqlEventStore.ts';
import type { Projection, Row } from '../../src/eventstore/projection.ts';
import { rebuildReadModel } from '../../src/eventstore/rebuild.ts';
import { openPool } from '../../src/runtime/database.ts';
import { testInfra } from '../../src/testing/infra.ts';
import {
  append,
  counted,
  opened,
  talliesProjection,
  tallyCodec,
  type TallyEvent,
} from '../../src/testing/tallyDomain.ts';
import { createTestDatabase, type TestDatabase } from '../../src/testing/testDatabase.ts';
import { emptyTables, tallySchema } from './tallySchema.ts';

const projections = [talliesProjection as Projection<DomainEvent>];

let database: TestDatabase;
let admin: Pool;
let store: EventStore<TallyEvent>;

beforeAll(async () => {
  const infra = testInfra();
  database = await createTestDatabase(tallySchema, infra);
  const { adminUser: user, adminPassword: password } = infra.mysql;
  admin = openPool({ ...database.settings, user, password, poolSize: 6 });
  store = createMysqlEventStore<TallyEvent>({
    ...{ pool: database.pool, codec: tallyCodec, projections: [talliesProjection] },
  });
});
afterAll(async () => {
  await admin.end();
  await database.drop();
});
beforeEach(() => emptyTables(database));

const ownLog = () => ownLogSource(admin, tallyCodec);
const rebuild = (source: FoldSource<number, number>, keysPerLook = 100) =>
  rebuildReadModel({ pool: admin, projections, source, keysPerLook, dryRun: false });
const nameOf = (index: number) => `tally-${String(index).padStart(3, '0')}`;

async function tableRows(): Promise<readonly Row[]> {
  const [rows] = await admin.query<(RowDataPacket & Row)[]>('SELECT * FROM tallies ORDER BY tally');
  return rows.map((row) => ({ ...row }));
}

/** Opens tallies. */
async function fill(count: number): Promise<void> {
  await store.commit([
    {
      streams: Array.from({ length: count }, (_, index) =>
        append(nameOf(index), 0, opened(nameOf(index))),
      ),
    },
  ]);
}

it('what was committed since the tables were compared is folded before the locks, not under them', async () => {
  await fill(2);
  await admin.query('UPDATE tallies SET total = 9');
  const source = ownLog();
  let targets = 0;
  let isLocked = false;
  let foldedUnderLocks = 0;
  const report = await rebuild({
    ...source,
    async target(connection) {
      targets += 1;
      const target = await source.target(connection);
      // The second opens the snapshot of the first comparison, which does not see these.
      if (targets === 2)
        for (let version = 0; version < 5; version += 1)
          await store.commit([{ streams: [append('late', version, counted(nameOf(0)))] }]);
      return target;
    },
    async lockAfterRows(connection) {
      await source.lockAfterRows(connection);
      isLocked = true;
    },
    async next(progress, target) {
      const page = await source.next(progress, target);
      if (isLocked) foldedUnderLocks += page.events.length;
      return page;
    },
  });
  expect(report.repairedRows).toBe(2);
  expect(targets).toBeGreaterThan(2);
  expect(foldedUnderLocks).toBe(0);
  expect(await tableRows()).toMatchObject([{ total: 5 }, { total: 0 }]);
});

it('a table of which one look shows only a part is put right, however many looks that takes', async () => {
  await fill(25);
  const right = await tableRows();
  await admin.query('DELETE FROM tallies');
  const report = await rebuild(ownLog(), 1);
  expect(report).toMatchObject({ repairedRows: 25, looks: 26 });
  expect(await tableRows()).toEqual(right);
});

it('a table that somebody else damages as fast as it is put right is given up', async () => {
  await fill(1);
  const source = ownLog();
  let isLocked = false;
  const damaged = rebuild({
    ...source,
    async lockAfterRows(connection) {
      await source.lockAfterRows(connection);
      isLocked = true;
    },
    async target(connection) {
      // Under the locks the one that damages would wait for them.
      if (!isLocked) await admin.query('UPDATE tallies SET total = 9');
      isLocked = false;
      return source.target(connection);
    },
  });
  await expect(damaged).rejects.toMatchObject({ code: 'still_different' });
});
