// A read model is made again while writers commit: whatever was done to its table, it ends as its events give it.
import type { Pool, RowDataPacket } from 'mysql2/promise';
import { readLogEvents } from '../../src/eventstore/eventRows.ts';
import type { EventStore } from '../../src/eventstore/eventStore.ts';
import { createProjectionEngine, keyOf, keyText } from '../../src/eventstore/projectionEngine.ts';
import type { Row } from '../../src/eventstore/projection.ts';
import {
  append,
  counted,
  opened,
  talliesProjection,
  talliesTable,
  tallyCodec,
  type TallyEvent,
} from '../../src/testing/tallyDomain.ts';
import { nameOf, openTallies, type TallyGround } from './tallyRebuild.ts';
import { emptyTables, untilLockWait } from './tallySchema.ts';

const TALLIES = 40;
const WRITERS = 6;
const TURNS = 20;

let ground: TallyGround;
let admin: Pool;
let store: EventStore<TallyEvent>;

beforeAll(async () => {
  ground = await openTallies();
  admin = ground.admin;
});
afterAll(() => ground.drop());
beforeEach(async () => {
  await emptyTables(ground.database);
  store = ground.openStore();
});

/** The read model by its definition: all events folded one after the other. */
async function foldedRows(): Promise<readonly Row[]> {
  const engine = createProjectionEngine([talliesProjection]);
  const rows = new Map<string, Row>();
  for (let after = 0; ;) {
    const page = await readLogEvents(admin, tallyCodec, after, 1_000);
    const last = page.at(-1);
    if (last === undefined) break;
    after = last.position;
    for (const { event } of page) {
      const existing = new Map([['tallies', [...rows.values()]]]);
      const [changes] = engine.fold([event], existing, engine.touchedRows([event]));
      for (const row of [...(changes?.inserted ?? []), ...(changes?.updated ?? [])])
        rows.set(keyText(keyOf(talliesTable, row)), row);
    }
  }
  return [...rows.values()].sort((a, b) => (String(a.tally) < String(b.tally) ? -1 : 1));
}

/** Opens tallies. */
async function fill(count = TALLIES): Promise<void> {
  for (let index = 0; index < count; index += 1)
    await store.commit([{ streams: [append(nameOf(index), 0, opened(nameOf(index)))] }]);
}

/** Writers that count without a pause, each in streams of its own, until told to stop; gives how many commits there were. */
function writeUntil(stop: AbortSignal): Promise<number> {
  const writers = Array.from({ length: WRITERS }, async (_, writer) => {
    let commits = 0;
    for (let version = 0; !stop.aborted; version += 1) {
      const tally = nameOf((commits * 7 + writer) % TALLIES);
      await store.commit([{ streams: [append(`writer-${writer}`, version, counted(tally))] }]);
      commits += 1;
    }
    return commits;
  });
  return Promise.all(writers).then((all) => all.reduce((sum, commits) => sum + commits, 0));
}

const DAMAGE: readonly string[] = [
  'UPDATE tallies SET total = total + 5 WHERE tally < "tally-020"',
  'DELETE FROM tallies WHERE tally >= "tally-030"',
  'INSERT INTO tallies VALUES ("nobody", "nobody", 1, 1, "")',
  'UPDATE tallies SET name = CONCAT(name, " ") WHERE tally = "tally-005"',
  'DELETE FROM tallies',
];

it('rows that were changed, removed and made up are shown, and put right', async () => {
  await fill();
  const right = await ground.tableRows();
  await admin.query('UPDATE tallies SET total = 9 WHERE tally = "tally-001"');
  await admin.query('DELETE FROM tallies WHERE tally = "tally-002"');
  await admin.query('INSERT INTO tallies VALUES ("nobody", "nobody", 1, 1, "")');
  const wrong = await ground.tableRows();

  const looked = await ground.rebuild({ dryRun: true });
  expect(await ground.tableRows()).toEqual(wrong);
  expect(looked).toMatchObject({
    ...{ repairedRows: 0, looks: 1, upTo: `position ${TALLIES} of the log` },
    differences: [
      {
        ...{ rowsFound: TALLIES, rowsExpected: TALLIES },
        counts: { missing: 1, extra: 1, changed: 1 },
        examples: [
          { kind: 'missing', found: undefined, expected: right[2] },
          { kind: 'extra', found: wrong[0], expected: undefined },
          { kind: 'changed', found: wrong[2], expected: right[1] },
        ],
      },
    ],
  });

  const done = await ground.rebuild();
  expect(done).toMatchObject({ repairedRows: 3, looks: 2 });
  expect(await ground.tableRows()).toEqual(right);
  expect(await ground.rebuild()).toMatchObject({ repairedRows: 0, looks: 1 });
  const [tables] = await admin.query<RowDataPacket[]>('SHOW TABLES LIKE "%rebuild"');
  expect(tables).toEqual([]);
});

it('two rows that have each other’s unique value are put right', async () => {
  await fill(2);
  const right = await ground.tableRows();
  await admin.query('UPDATE tallies SET name = "x" WHERE tally = "tally-000"');
  await admin.query('UPDATE tallies SET name = "tally-000" WHERE tally = "tally-001"');
  await admin.query('UPDATE tallies SET name = "tally-001" WHERE tally = "tally-000"');
  expect(await ground.rebuild()).toMatchObject({ repairedRows: 2 });
  expect(await ground.tableRows()).toEqual(right);
});

it(`${TURNS} rebuilds of a damaged table lose no write of those that commit all the while`, async () => {
  await fill();
  const stop = new AbortController();
  const writing = writeUntil(stop.signal);
  let repairedRows = 0;
  for (let turn = 0; turn < TURNS; turn += 1) {
    await admin.query(DAMAGE[turn % DAMAGE.length] ?? '');
    repairedRows += (await ground.rebuild()).repairedRows;
  }
  stop.abort();
  const commits = await writing;
  expect(repairedRows).toBeGreaterThan(TURNS);
  expect(commits).toBeGreaterThan(TURNS);
  expect(await ground.tableRows()).toEqual(await foldedRows());
}, 300_000);

it('a commit that makes a missing row anew, while that is being repaired, is not lost', async () => {
  await fill(2);
  await store.commit([{ streams: [append('early', 0, counted(nameOf(0), 4))] }]);
  await admin.query('DELETE FROM tallies WHERE tally = ?', [nameOf(0)]);
  const source = ground.ownLog();
  let looks = 0;
  let late: Promise<unknown> = Promise.resolve();
  const report = await ground.rebuild({
    source: {
      ...source,
      async target(connection) {
        looks += 1;
        // The fourth is that of the repair: the head is locked, the row was looked for and not found.
        if (looks === 4) {
          late = store.commit([{ streams: [append('late', 0, counted(nameOf(0), 2))] }]);
          await untilLockWait(ground.database);
        }
        return source.target(connection);
      },
    },
  });
  await late;
  expect(looks).toBeGreaterThan(3);
  expect(report.repairedRows).toBeGreaterThan(0);
  expect(await ground.tableRows()).toMatchObject([{ total: 6 }, { total: 0 }]);
  expect(await ground.tableRows()).toEqual(await foldedRows());
});

it('only one rebuild runs in a schema', async () => {
  await fill(1);
  const source = ground.ownLog();
  const second: unknown[] = [];
  const busy: typeof source = {
    ...source,
    async target(connection) {
      if (second.length === 0) second.push(await ground.rebuild().catch((error: unknown) => error));
      return source.target(connection);
    },
  };
  await ground.rebuild({ dryRun: true, source: busy });
  expect(second).toMatchObject([{ code: 'rebuild_under_way' }]);
});
