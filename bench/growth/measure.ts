// What is timed on a log, each in alternation with a short log of the same server.
import { randomBytes, randomUUID } from 'node:crypto';
import { orderIdSchema } from '@orderflow/shared/contracts/ids.ts';
import type { EventStore } from '@orderflow/shared/eventstore/eventStore.ts';
import { createMysqlEventStore } from '@orderflow/shared/eventstore/mysqlEventStore.ts';
import { eventStoreSchema } from '@orderflow/shared/eventstore/tables.ts';
import { createTestDatabase, type TestDatabase } from '@orderflow/shared/testing/testDatabase.ts';
import { orderCodec } from '../../services/orders/src/eventCodec.ts';
import { uuidV7 } from '../../services/gateway/src/ids.ts';
import type { OrderEvent } from '../../services/orders/src/domain/order.ts';
import { spreadOf, type Spread } from '../report/statistics.ts';
import type { GrowthServer } from './database.ts';
import { fillLog, LONG_STREAM, orderStreamOf, type LogShape } from './fill.ts';
import { ratioOfMedians, type RatioOfMedians } from './ratio.ts';

const LINE_RESERVED = 'OrderLineReserved';
const READ_EVENTS = 500;

/** A log with its store and its database. */
export interface GrowingLog {
  readonly store: EventStore<OrderEvent>;
  readonly database: TestDatabase;
  /** Makes the log so long; it never gets shorter. */
  readonly fillTo: (rowCount: number) => Promise<void>;
  /** The positions that fillTo made last, far the most of the log: measuring has appended what lies before. */
  readonly lastFill: () => { readonly after: number; readonly to: number };
}

/** One kind of access, in ms, on the short and on the long log. */
export interface Timing {
  readonly name: string;
  readonly short: Spread;
  readonly long: Spread;
  /** Of the long log to the short one. */
  readonly ratio: RatioOfMedians;
}

/** Opens an empty log in a database of its own. */
export async function openLog(server: GrowthServer, shape: LogShape): Promise<GrowingLog> {
  const database = await createTestDatabase(eventStoreSchema, server);
  const store = createMysqlEventStore<OrderEvent>({
    pool: database.pool,
    codec: orderCodec,
    projections: [],
  });
  let last = { after: 0, to: 0 };
  return {
    store,
    database,
    lastFill: () => last,
    fillTo: async (rowCount) => {
      const { position } = await store.head();
      last = { after: position, to: rowCount };
      await fillLog(server.admin, database.settings.database, shape, position, rowCount);
    },
  };
}

/** One access to a log; it is timed from the call to the answer. */
interface Access {
  readonly name: string;
  readonly rounds: number;
  readonly run: (log: GrowingLog) => Promise<() => Promise<unknown>>;
}

const ACCESSES: readonly Access[] = [
  appending(1, 600),
  appending(50, 200),
  appending(500, 60),
  // Ids made of an Idempotency-Key lie anywhere among the older ones, and their place in the index may be on the disk alone.
  appending(50, 200, 'random'),
  {
    name: 'load a stream of 2 events',
    rounds: 200,
    run: async ({ store, database, lastFill }) => {
      const { after, to } = lastFill();
      const seq = after + 1 + Math.floor(Math.random() * (to - after));
      const streamId = await orderStreamOf(database.admin, seq);
      return async () => {
        const found = (await store.readStreams([streamId])).get(streamId)?.length;
        if (found !== 2) throw new Error(`${streamId} has ${found ?? 0} events, not 2`);
      };
    },
  },
  {
    name: `read the last ${READ_EVENTS} of the log`,
    rounds: 60,
    run: async ({ store }) => {
      const { position } = await store.head();
      return () => store.readLog(position - READ_EVENTS, READ_EVENTS);
    },
  },
  {
    name: `read ${READ_EVENTS} anywhere in the log`,
    rounds: 60,
    run: async ({ store }) => {
      const { position } = await store.head();
      const after = Math.floor(Math.random() * (position - READ_EVENTS));
      return () => store.readLog(after, READ_EVENTS);
    },
  },
  { name: 'head', rounds: 200, run: ({ store }) => Promise.resolve(() => store.head()) },
];

/** Times every access on both logs in alternation, the one that goes first changing from round to round. */
export async function measureGrowth(short: GrowingLog, long: GrowingLog): Promise<Timing[]> {
  const timings: Timing[] = [];
  for (const access of ACCESSES) {
    const times = { short: new Array<number>(), long: new Array<number>() };
    for (let round = 0; round < access.rounds; round += 1) {
      const order = round % 2 === 0 ? (['short', 'long'] as const) : (['long', 'short'] as const);
      for (const which of order)
        times[which].push(await millisecondsOf(await access.run(which === 'short' ? short : long)));
    }
    const [ofShort, ofLong] = [requireSpread(times.short), requireSpread(times.long)];
    timings.push({
      name: access.name,
      short: ofShort,
      long: ofLong,
      ratio: ratioOfMedians(times.short, times.long),
    });
  }
  return timings;
}

/** How long it takes to load one stream of as many events as the log has, and to learn its version alone; ms. */
export async function measureLongStream(
  log: GrowingLog,
): Promise<{ readonly loadMs: Spread; readonly versionMs: Spread }> {
  const loads: number[] = [];
  const versions: number[] = [];
  for (let round = 0; round < 5; round += 1) {
    loads.push(await millisecondsOf(() => log.store.readStreams([LONG_STREAM])));
    versions.push(await millisecondsOf(() => log.store.readVersions([LONG_STREAM])));
  }
  return { loadMs: requireSpread(loads), versionMs: requireSpread(versions) };
}

function appending(
  eventCount: number,
  rounds: number,
  ids: 'rising' | 'random' = 'rising',
): Access {
  const newId = ids === 'rising' ? () => uuidV7(Date.now(), randomBytes(10)) : randomUUID;
  return {
    name: `append ${eventCount}${ids === 'rising' ? '' : ' of random ids'} in one commit`,
    rounds,
    run: ({ store }) => {
      const units = Array.from({ length: eventCount }, () => newOrderUnit(newId()));
      return Promise.resolve(() => store.commit(units));
    },
  };
}

function newOrderUnit(id: string) {
  const orderId = orderIdSchema.parse(id);
  const event: OrderEvent = {
    type: LINE_RESERVED,
    data: {
      orderId,
      lineIndex: 0,
      availableQuantity: 10,
      stockChangedAt: '2026-01-01T00:00:00.000Z',
      cartLineId: 1,
      cartLineUuid: randomUUID(),
      at: '2026-01-01T00:00:00.000Z',
    },
  };
  const metadata = { correlationId: orderId, causationId: orderId };
  return {
    streams: [{ streamId: `order-${orderId}`, expectedVersion: 0, events: [{ event, metadata }] }],
  };
}

async function millisecondsOf(work: () => Promise<unknown>): Promise<number> {
  const startedAt = performance.now();
  await work();
  return performance.now() - startedAt;
}

function requireSpread(values: readonly number[]): Spread {
  const spread = spreadOf(values);
  if (spread === undefined) throw new Error('Nothing was timed');
  return spread;
}
