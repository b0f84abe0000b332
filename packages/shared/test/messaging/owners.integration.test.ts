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

/** A store that counts its commits: a member that has made one was given partitions, and messages in them. */
function countedStore() {
  let commits = 0;
  return {
    commits: () => commits,
    wrap: (store: HeardStore): HeardStore => ({
      ...store,
      async commit(units) {
        const recorded = await store.commit(units);
        if (recorded.length > 0) commits += 1;
        return recorded;
      },
    }),
  };
}

it('partitions that move between two members of a group under load are handled in order', async () => {
  const publisher = await party.startPublisher();
  let made = 0;
  const moved = new AbortController();
  // As long as they move, so that every move happens under load, however slow the joins are.
  const making = (async () => {
    for (; !moved.signal.aborted; made += 1) await make(publisher.store, KEYS, made + 1, made + 1);
  })();
  const counts = [countedStore(), countedStore(), countedStore()] as const;
  const join = async (count: (typeof counts)[number]) => {
    const member = party.startConsumer(publisher, { store: count.wrap });
    await eventually(() => count.commits() > 0, 'the new member was given partitions, and handles');
    return member;
  };
  const first = await join(counts[0]);
  await join(counts[1]);
  await first.stop();
  const third = await join(counts[2]);
  moved.abort();
  await making;
  await untilAllHeard(third.store, made);
});
