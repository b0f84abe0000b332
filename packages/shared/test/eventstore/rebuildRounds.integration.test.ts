// The rounds of a rebuild: what is folded before its locks, how often tables are compared, and when it gives up.
import type { Pool } from 'mysql2/promise';
import type { EventStore } from '../../src/eventstore/eventStore.ts';
import { append, counted, opened, type TallyEvent } from '../../src/testing/tallyDomain.ts';
import { nameOf, openTallies, type TallyGround } from './tallyRebuild.ts';
import { emptyTables } from './tallySchema.ts';

let ground: TallyGround;
let admin: Pool;
let store: EventStore<TallyEvent>;

beforeAll(async () => {
  ground = await openTallies();
  admin = ground.admin;
  store = ground.openStore();
});
afterAll(() => ground.drop());
beforeEach(() => emptyTables(ground.database));

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
  const source = ground.ownLog();
  let targets = 0;
  let isLocked = false;
  let foldedUnderLocks = 0;
  const report = await ground.rebuild({
    source: {
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
    },
  });
  expect(report.repairedRows).toBe(2);
  expect(targets).toBeGreaterThan(2);
  expect(foldedUnderLocks).toBe(0);
  expect(await ground.tableRows()).toMatchObject([{ total: 5 }, { total: 0 }]);
});

it('a table of which one look shows only a part is put right, however many looks that takes', async () => {
  await fill(25);
  const right = await ground.tableRows();
  await admin.query('DELETE FROM tallies');
  const report = await ground.rebuild({ keysPerLook: 1 });
  expect(report).toMatchObject({ repairedRows: 25, looks: 26 });
  expect(await ground.tableRows()).toEqual(right);
});

it('a table that somebody else damages as fast as it is put right is given up', async () => {
  await fill(1);
  const source = ground.ownLog();
  let isLocked = false;
  const damaged = ground.rebuild({
    source: {
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
    },
  });
  await expect(damaged).rejects.toMatchObject({ code: 'still_different' });
});
