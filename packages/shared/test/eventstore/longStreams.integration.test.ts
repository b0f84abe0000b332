// A stream of a hundred thousand events: with a snapshot its state costs as much as that of a short one.
import type { Pool } from 'mysql2/promise';
import { z } from 'zod';
import { createMysqlEventStore } from '../../src/eventstore/mysqlEventStore.ts';
import { loadStates } from '../../src/messaging/loadStates.ts';
import { queryRows } from '../../src/runtime/database.ts';
import { testInfra } from '../../src/testing/infra.ts';
import { append, counted, tallyCodec, type TallyEvent } from '../../src/testing/tallyDomain.ts';
import { createTestDatabase, type TestDatabase } from '../../src/testing/testDatabase.ts';
import { tallySchema } from './tallySchema.ts';

const LENGTH = 100_000;
const COMMIT_EVENTS = 5_000;

const evolution = {
  initialState: 0,
  evolve: (total: number, event: TallyEvent) =>
    event.type === 'Counted' ? total + event.data.amount : total,
  stateCodec: { schemaVersion: 1, serialize: String, parse: Number, bytesOf: () => 8 },
};

let database: TestDatabase;
/** One connection, so that the server's counters of its session are those of the reads. */
let single: Pool;
beforeAll(async () => {
  database = await createTestDatabase(tallySchema, testInfra());
  single = database.open(1);
  const store = open();
  const events = Array.from({ length: COMMIT_EVENTS }, () => counted('long'));
  for (let version = 0; version < LENGTH; version += COMMIT_EVENTS)
    await store.commit([{ streams: [append('long', version, ...events)] }]);
});
afterAll(() => database.drop());

function open() {
  return createMysqlEventStore<TallyEvent>({ pool: single, codec: tallyCodec, projections: [] });
}

/** How many rows the server has touched in this session. */
async function rowsTouched(): Promise<number> {
  const counter = z.object({ Value: z.coerce.number() });
  const counters = await queryRows(single, counter, "SHOW SESSION STATUS LIKE 'Handler_read%'");
  return counters.reduce((sum, { Value }) => sum + Value, 0);
}

async function loadLong() {
  const before = await rowsTouched();
  const state = (await loadStates(open(), evolution, ['long', 'none'])).get('long');
  return { state, touched: (await rowsTouched()) - before };
}

describe('A long stream', () => {
  it('is read whole, in pages, while it has no snapshot', async () => {
    const { state, touched } = await loadLong();
    expect(state).toMatchObject({ state: LENGTH, version: LENGTH, snapshotVersion: 0 });
    expect(touched).toBeGreaterThanOrEqual(LENGTH);
    expect(touched).toBeLessThan(2 * LENGTH);
  });

  it('is read by few rows from its snapshot on', async () => {
    const store = open();
    const version = LENGTH - 60;
    const after = new Map([['long', version - 1]]);
    const [event] = (await store.readStreams(['long'], { after, limit: 1 })).get('long') ?? [];
    if (event === undefined) throw new Error('the stream is too short');
    await store.writeSnapshots(new Map([['long', { ...event, state: String(version) }]]), 1);
    const { state, touched } = await loadLong();
    expect(state).toMatchObject({ state: LENGTH, version: LENGTH, snapshotVersion: version });
    expect(touched).toBeLessThan(500);
  });

  it('is not read from a snapshot of events that the log has lost', async () => {
    await database.admin.query('DELETE FROM events WHERE version > ?', [LENGTH - 100]);
    const { state } = await loadLong();
    expect(state).toMatchObject({ state: LENGTH - 100, version: LENGTH - 100, snapshotVersion: 0 });
  });
});
