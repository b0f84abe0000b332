// Two processes believe that they own the same partitions: the compare-and-set of the cursor decides between them.
import { ConflictError, type EventStore } from '../../src/eventstore/eventStore.ts';
import { eventually } from '../../src/testing/eventually.ts';
import { testInfra } from '../../src/testing/infra.ts';
import { KEYS, make, type Heard, type Made } from './madeDomain.ts';
import { createParty, untilAllHeard, type Party } from './party.ts';

type HeardStore = EventStore<Heard, Made>;
const infra = testInfra();
let party: Party;

beforeEach(async () => {
  party = await createParty(infra, infra);
});
afterEach(() => party.end());

/** A store whose commits wait at a gate, and that notes the conflicts they end in. */
function gatedStore() {
  const gate = Promise.withResolvers<undefined>();
  const waiting = Promise.withResolvers<undefined>();
  const conflicts: ConflictError[] = [];
  const wrap = (store: HeardStore): HeardStore => ({
    ...store,
    async commit(units) {
      waiting.resolve(undefined);
      await gate.promise;
      return store.commit(units).catch((error: unknown) => {
        if (error instanceof ConflictError) conflicts.push(error);
        throw error;
      });
    },
  });
  return {
    wrap,
    open: () => {
      gate.resolve(undefined);
    },
    waiting: waiting.promise,
    conflicts,
  };
}

it('the older owner of a partition fails its compare-and-set, and its work is rolled back', async () => {
  const publisher = await party.startPublisher();
  await make(publisher.store, KEYS, 1, 10);
  const gate = gatedStore();
  // A group of its own makes both the owner of all partitions, as after a rebalance that one of them has slept through.
  const older = party.startConsumer(publisher, {
    store: gate.wrap,
    groupId: `${party.topic}-older`,
  });
  await gate.waiting;
  const newer = party.startConsumer(publisher);
  await untilAllHeard(newer.store, 10);
  gate.open();
  await eventually(() => gate.conflicts.length > 0, 'the older owner runs into a conflict');
  expect(gate.conflicts[0]?.kind).toBe('cursor');
  await make(publisher.store, KEYS, 11, 12);
  await untilAllHeard(newer.store, 12);
  await older.stop();
});

it('two owners of all partitions at once handle each message once', async () => {
  const publisher = await party.startPublisher();
  const one = party.startConsumer(publisher);
  const other = party.startConsumer(publisher, { groupId: `${party.topic}-other` });
  await make(publisher.store, KEYS, 1, 40);
  await untilAllHeard(one.store, 40);
  await other.stop();
  await make(publisher.store, KEYS, 41, 50);
  await untilAllHeard(one.store, 50);
});

it('partitions that move between two members of a group under load are handled in order', async () => {
  const publisher = await party.startPublisher();
  const first = party.startConsumer(publisher);
  const making = make(publisher.store, KEYS, 1, 150);
  const second = party.startConsumer(publisher);
  await eventually(() => {
    second.messaging.requireReady();
    return true;
  }, 'the second member has joined');
  await first.stop();
  const third = party.startConsumer(publisher);
  await making;
  await untilAllHeard(third.store, 150);
});
