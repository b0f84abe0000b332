// A consumer keeps the states that it decides on; another process may write to their streams all the same.
import { ConflictError, type EventStore } from '../../src/eventstore/eventStore.ts';
import { createMysqlEventStore } from '../../src/eventstore/mysqlEventStore.ts';
import { eventually } from '../../src/testing/eventually.ts';
import { testInfra } from '../../src/testing/infra.ts';
import { AT, heardBy, heardCodec, KEYS, make, upTo, type Heard, type Made } from './madeDomain.ts';
import { createParty, untilAllHeard, type Party } from './party.ts';

const infra = testInfra();
let party: Party;

beforeEach(async () => {
  party = await createParty(infra, infra);
});
afterEach(() => party.end());

/** Appends, as another process would, what leaves the stream's state as it is. */
async function appendElsewhere(key: string, version: number): Promise<void> {
  const { pool } = party.heard;
  const elsewhere = createMysqlEventStore<Heard>({ pool, codec: heardCodec, projections: [] });
  const event: Heard = { type: 'Heard', data: { at: AT, key, number: version } };
  const metadata = { correlationId: 'correlation', causationId: 'elsewhere' };
  const events = [{ event, metadata }];
  await elsewhere.commit([
    { streams: [{ streamId: `heard-${key}`, expectedVersion: version, events }] },
  ]);
}

it('decides again when another process has appended to a stream whose state it keeps', async () => {
  const conflicts: unknown[] = [];
  const noting = (store: EventStore<Heard, Made>): EventStore<Heard, Made> => ({
    ...store,
    commit: (units) =>
      store.commit(units).catch((error: unknown) => {
        conflicts.push(error instanceof ConflictError ? `${error.kind} ${error.subject}` : error);
        throw error;
      }),
  });
  const publisher = await party.startPublisher();
  const consumer = party.startConsumer(publisher, { store: noting });
  await make(publisher.store, KEYS, 1, 5);
  await untilAllHeard(consumer.store, 5);
  await appendElsewhere('a', 5);
  await make(publisher.store, KEYS, 6, 8);
  await eventually(async () => {
    const heard = await heardBy(consumer.store);
    expect(heard.get('a')).toEqual([...upTo(5), 5, 6, 7, 8]);
    expect(heard.get('b')).toEqual(upTo(8));
    return true;
  }, 'all are heard, on top of what was appended elsewhere');
  expect(conflicts).toEqual(['version heard-a']);
});
