// What orders remembers of products is made again from inventory's log, up to what its consumer has handled.
import type { Pool, RowDataPacket } from 'mysql2/promise';
import { z } from 'zod';
import { inventoryParts } from '../../../services/inventory/src/app.ts';
import { ordersParts } from '../../../services/orders/src/app.ts';
import { productIdSchema } from '@orderflow/shared/contracts/ids.ts';
import type { DomainEvent } from '@orderflow/shared/eventstore/decider.ts';
import type { EventStore, Unit } from '@orderflow/shared/eventstore/eventStore.ts';
import { rebuildReadModel } from '@orderflow/shared/eventstore/rebuild.ts';
import { START, type Place } from '@orderflow/shared/messaging/chain.ts';
import { factSource } from '@orderflow/shared/messaging/factSource.ts';
import { partitionOf } from '@orderflow/shared/messaging/murmur2.ts';
import type { ToMessages } from '@orderflow/shared/messaging/relayBatch.ts';
import { openPool } from '@orderflow/shared/runtime/database.ts';
import { eventually } from '@orderflow/shared/testing/eventually.ts';
import { testInfra } from '@orderflow/shared/testing/infra.ts';
import {
  openTestServiceDatabase,
  type TestServiceDatabase,
} from '@orderflow/shared/testing/testService.ts';

const TOPIC = 'inventory.v1';
const PARTITIONS = 4;
const PRODUCTS = 12;
const TURNS = 20;
const AT = '2026-01-02T03:04:05.678Z';
const UUID = '5f0c1f52-4a52-4a6e-9f1e-3d5c7d0b9a11';

type AnyDatabase = TestServiceDatabase<DomainEvent, DomainEvent>;

let inventory: AnyDatabase;
let orders: AnyDatabase;
let admin: Pool;

beforeAll(async () => {
  inventory = (await openTestServiceDatabase(inventoryParts)) as unknown as AnyDatabase;
  orders = (await openTestServiceDatabase(ordersParts)) as unknown as AnyDatabase;
  const { host, port, adminUser: user, adminPassword: password } = testInfra().mysql;
  const [rows] = await orders.admin.query<RowDataPacket[]>('SELECT DATABASE() AS name');
  const name = z.string().parse(rows[0]?.name);
  admin = openPool({ host, port, user, password, database: name, poolSize: 6 });
});
afterAll(async () => {
  await admin.end();
  await inventory.drop();
  await orders.drop();
});

const added = (productId: number): DomainEvent => ({
  type: 'ProductAdded',
  data: { ...{ productId, uuid: UUID, name: `product ${productId}`, quantity: 1_000_000 }, at: AT },
});

const reserved = (productId: number, availableQuantity: number): DomainEvent => ({
  type: 'StockReserved',
  data: {
    ...{ productId, orderId: '0192f3a4-0000-7000-8000-000000000001', line: { index: 0, of: 1 } },
    ...{ quantity: 1, availableQuantity, sold: true, at: AT },
  },
});

/** Inventory's log grows, one commit a time, until it is told to stop; gives how many events there were. */
async function sell(store: EventStore<DomainEvent, DomainEvent>, stop: AbortSignal) {
  const metadata = { correlationId: 'c', causationId: 'c' };
  let count = 0;
  for (let version = 0; !stop.aborted; version += 1) {
    const streams = Array.from({ length: PRODUCTS }, (_, index) => {
      const productId = productIdSchema.parse(index + 1);
      const event = version === 0 ? added(productId) : reserved(productId, 1_000_000 - version);
      const streamId = `product-${productId}`;
      return { streamId, expectedVersion: version, events: [{ event, metadata }] };
    });
    await store.commit([{ streams }]);
    count += streams.length;
  }
  return count;
}

/** Orders' consumer without Kafka: the log's messages in order, each partition's in a commit with its cursor. */
async function consume(stop: AbortSignal, park: (key: string) => boolean): Promise<void> {
  const { store } = orders.database;
  const partitions = Array.from({ length: PARTITIONS }, (_, partition) => partition);
  const cursors = await store.readCursors('orders', TOPIC, partitions);
  const places = new Map<number, Place>(cursors.map(({ partition }) => [partition, START]));
  let read = 0;
  while (!stop.aborted) {
    const page = await inventory.database.store.readLog(read, 50);
    for (const partition of partitions) {
      const facts: DomainEvent[] = [];
      const parked: NonNullable<Unit<DomainEvent>['parked']>[number][] = [];
      const from = places.get(partition) ?? START;
      let to = from;
      for (const { incarnation, position, event } of page) {
        const key = String((event.data as DomainEvent['data'] & { productId: number }).productId);
        if (partitionOf(key, PARTITIONS) !== partition) continue;
        to = { incarnation, position, part: 0 };
        if (park(key))
          parked.push({
            ...{ consumer: 'orders', topic: TOPIC, partition, key, place: to, parkedAt: AT },
            ...{ value: '{}', reason: 'for the test' },
          });
        else facts.push(event);
      }
      if (to === from) continue;
      const move = { consumer: 'orders', from, fromOffset: '0' };
      const cursor = { ...move, to: { topic: TOPIC, partition, place: to, nextOffset: '0' } };
      await store.commit([{ streams: [], facts, parked, cursors: [cursor] }]);
      places.set(partition, to);
    }
    read += page.length;
  }
}

function rebuild(dryRun = false) {
  return rebuildReadModel({
    pool: admin,
    dryRun,
    projections: ordersParts.projections.filter(({ name }) => name === 'products'),
    source: factSource({
      ...{ publisher: inventory.database.pool, topic: TOPIC, partitionCount: PARTITIONS },
      ...{ consumer: 'orders', codec: inventoryParts.codec },
      toMessages: inventoryParts.toMessages as unknown as ToMessages<DomainEvent>,
    }),
  });
}

it(`${TURNS} rebuilds of a damaged table lose no fact of those that are handled all the while`, async () => {
  const stop = new AbortController();
  const selling = sell(inventory.database.store, stop.signal);
  // One product's messages are parked from the beginning: they are behind the cursor, and in no row.
  const consuming = consume(stop.signal, (key) => key === '7');
  await eventually(async () => {
    const [rows] = await orders.admin.query('SELECT COUNT(*) AS known FROM products');
    expect(rows).toEqual([{ known: PRODUCTS - 1 }]);
    return true;
  }, 'orders has heard of all products but the parked one');
  let repairedRows = 0;
  for (let turn = 0; turn < TURNS; turn += 1) {
    await orders.admin.query(
      'UPDATE products SET available_quantity = available_quantity + 7 WHERE product_id % 3 = ?',
      [turn % 3],
    );
    // The next fact of a product says what is available anew, but never what it is called.
    await orders.admin.query("UPDATE products SET name = 'another' WHERE product_id % 3 = ?", [
      turn % 3,
    ]);
    repairedRows += (await rebuild()).repairedRows;
  }
  stop.abort();
  const count = await selling;
  await consuming;
  expect(count).toBeGreaterThan(TURNS * PRODUCTS);
  expect(repairedRows).toBeGreaterThan(TURNS);
  expect(await rebuild(true)).toMatchObject({
    differences: [{ counts: { missing: 0, extra: 0, changed: 0 }, rowsFound: PRODUCTS - 1 }],
  });
  // And what the last facts say, not only what a fold of them says.
  const [rows] = await orders.admin.query<RowDataPacket[]>(
    'SELECT product_id, name FROM products WHERE product_id IN (2, 7)',
  );
  expect(rows).toEqual([{ product_id: 2, name: 'product 2' }]);
}, 300_000);
