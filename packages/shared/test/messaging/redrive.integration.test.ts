// Parked keys on real servers: tried again by the owner, while new messages come, and with two owners at once.
import type { EventStore, ParkedPlace } from '../../src/eventstore/eventStore.ts';
import { readParkedSummaries, writeWish } from '../../src/eventstore/parkedRows.ts';
import type { Reactions } from '../../src/messaging/reaction.ts';
import { eventually } from '../../src/testing/eventually.ts';
import { testInfra } from '../../src/testing/infra.ts';
import {
  heardBy,
  hearing,
  KEYS,
  make,
  upTo,
  type Heard,
  type HeardState,
  type Made,
} from './madeDomain.ts';
import { createParty, untilAllHeard, type Party, type Publisher } from './party.ts';
import { uniqueName } from './testServices.ts';

const infra = testInfra();
let party: Party;
let publisher: Publisher;

/** Handles what `hearing` takes for poison. */
const mended: Reactions<HeardState, Heard, Made> = {
  ...hearing,
  parse: (message) =>
    message.type === 'Made' ? { type: 'Made', data: message.data as Made['data'] } : undefined,
};

beforeEach(async () => {
  party = await createParty(infra, infra);
  publisher = await party.startPublisher();
  const broken = party.startConsumer(publisher);
  await make(publisher.store, KEYS, 1, 6, (key, number) => key === 'e' && number === 3);
  await eventually(async () => (await parkedCount()) === 4, 'the rest of the key is parked');
  await untilHeard(broken.store, (key) => (key === 'e' ? 2 : 6));
  await broken.stop();
});
afterEach(() => party.end());

async function parkedKeys() {
  return readParkedSummaries(party.heard.pool, {}, 10);
}

async function parkedCount(): Promise<number> {
  return (await parkedKeys()).reduce((sum, { count }) => sum + count, 0);
}

/** The first message of key 'e', which nobody could handle. */
async function firstParked(): Promise<ParkedPlace> {
  const [only] = await parkedKeys();
  if (only === undefined) throw new Error('No key is parked');
  expect(only).toMatchObject({ consumer: 'consumer', key: 'e' });
  return only.first;
}

async function untilHeard(
  store: EventStore<Heard, Made>,
  countOf: (key: string) => number,
): Promise<void> {
  await eventually(async () => {
    const heard = await heardBy(store);
    for (const key of KEYS) expect(heard.get(key)).toEqual(upTo(countOf(key)));
    return true;
  }, 'all are handled, in order, once');
}

it('a key that is tried again is handled in order, with all that comes meanwhile behind it', async () => {
  const consumer = party.startConsumer(publisher, { reactions: mended });
  const making = make(publisher.store, KEYS, 7, 60);
  await writeWish(party.heard.pool, await firstParked(), 'retry');
  await making;
  await untilAllHeard(consumer.store, 60);
  expect(await parkedKeys()).toEqual([]);
});

it('a key that fails again stays as it was, and the wish is answered', async () => {
  const consumer = party.startConsumer(publisher);
  await writeWish(party.heard.pool, await firstParked(), 'retry');
  await eventually(async () => {
    const [only] = await parkedKeys();
    expect(only).toMatchObject({
      count: 4,
      first: { wish: null, reason: 'Error: e 3 is poison', answer: expect.any(String) as unknown },
    });
    return true;
  }, 'the answer stands beside the message');
  await make(publisher.store, KEYS, 7, 7);
  await untilHeard(consumer.store, (key) => (key === 'e' ? 2 : 7));
  expect(await parkedCount()).toBe(5);
});

it('two processes that both take themselves for the owner handle a key once', async () => {
  const one = party.startConsumer(publisher, { reactions: mended });
  // Of a group of its own it is given all partitions, as one that has not heard yet that it lost them.
  party.startConsumer(publisher, { reactions: mended, groupId: uniqueName('other') });
  await writeWish(party.heard.pool, await firstParked(), 'retry');
  await make(publisher.store, KEYS, 7, 30);
  // Whichever of the two was late may have parked a message behind a key that was free by then: it is tried again.
  await eventually(
    async () => {
      for (const { first } of await parkedKeys())
        if (first.wish === null) await writeWish(party.heard.pool, first, 'retry');
      return (await parkedCount()) === 0;
    },
    'nothing is parked any more',
    { intervalMs: 500 },
  );
  await untilAllHeard(one.store, 30);
});
