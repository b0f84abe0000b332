// Inventory on a real database: one product a name, and a read model that equals the fold of its log (promise P6).
import { randomUUID } from 'node:crypto';
import type { RowDataPacket } from 'mysql2/promise';
import { orderIdSchema, productIdSchema } from '@orderflow/shared/contracts/ids.ts';
import type { OrdersMessage } from '@orderflow/shared/contracts/orders.ts';
import { createMemoryEventStore } from '@orderflow/shared/eventstore/memoryEventStore.ts';
import { replay } from '@orderflow/shared/testing/given.ts';
import {
  openTestServiceDatabase,
  serveRoutes,
  type ServedRoutes,
  type TestServiceDatabase,
} from '@orderflow/shared/testing/testService.ts';
import { createInventoryApp, inventoryParts, type InventoryApp } from '../src/app.ts';
import { productDecider } from '../src/domain/decideReservation.ts';
import { productStream, type ProductEvent } from '../src/domain/product.ts';
import { createProductQueries } from '../src/readmodel/products.ts';

let service: TestServiceDatabase<ProductEvent, OrdersMessage>;
let app: InventoryApp;
let http: ServedRoutes;
let clock = Date.parse('2026-11-22T11:00:00.000Z');
const now = () => new Date((clock += 1)).toISOString();

beforeAll(async () => {
  service = await openTestServiceDatabase<ProductEvent, OrdersMessage>(inventoryParts);
  const { pool, log, idsOf } = service.database;
  app = createInventoryApp({
    log,
    products: createProductQueries(pool),
    nextProductId: idsOf('products', 1),
    newUuid: randomUUID,
    now,
  });
  http = await serveRoutes(app.routes);
});

afterAll(async () => {
  await http.close();
  await service.drop();
});

async function addProduct(name: string, count: number): Promise<number> {
  const { body } = await http.send('POST', '/inventory', { name, count });
  return (body as { resp: { id: number } }).resp.id;
}

/** What the consumer does with a message of orders, without Kafka in between. */
async function receive(
  type: OrdersMessage['type'],
  productId: number,
  order: { readonly orderId: string; readonly index: number; readonly of: number },
  quantity = 1,
): Promise<readonly ProductEvent[]> {
  const { store } = service.database;
  const data = {
    orderId: orderIdSchema.parse(order.orderId),
    productId: productIdSchema.parse(productId),
    line: { index: order.index, of: order.of },
    quantity,
    at: now(),
  };
  const fact: OrdersMessage =
    type === 'OrderRejected' ? { type, data: { ...data, reason: 'out_of_stock' } } : { type, data };
  const stream = productStream(data.productId);
  const past = (await store.readStreams([stream])).get(stream) ?? [];
  const state = replay(
    productDecider,
    past.map(({ event }) => event),
  );
  const decisions = await app.reactions.react(fact, () => Promise.resolve(state));
  const metadata = { correlationId: 'test', causationId: 'test' };
  const streams = decisions.map(({ streamId, events }) => ({
    streamId,
    expectedVersion: past.length,
    events: events.map((event) => ({ event, metadata })),
  }));
  return (await store.commit([{ streams, facts: [fact] }])).map(({ event }) => event);
}

describe('POST /inventory', () => {
  it('of one name at once, in any case, adds one product', async () => {
    const names = Array.from({ length: 20 }, (_, index) => (index % 2 === 0 ? 'Camera' : 'cAMERA'));
    const answers = await Promise.all(
      names.map((name) => http.send('POST', '/inventory', { name, count: 3 })),
    );
    expect(answers.filter(({ status }) => status === 200)).toHaveLength(1);
    expect(answers.find(({ status }) => status === 409)?.body).toEqual({
      message:
        'A product with same name already exists. Please register prodduct with some different name',
      error: null,
    });
    const { body } = await http.send('GET', '/inventory');
    expect((body as { resp: unknown[] }).resp).toHaveLength(1);
  });

  it('adds a product whose id was asked for before it existed', async () => {
    const next = (await addProduct('tripod', 1)) + 1;
    const order = { orderId: randomUUID(), index: 0, of: 1 };
    expect(await receive('OrderRequested', next, order)).toMatchObject([
      { type: 'StockRejected', data: { reason: 'unknown_product' } },
    ]);
    expect(await addProduct('flash', 2)).toBe(next);
    const later = { orderId: randomUUID(), index: 0, of: 1 };
    expect(await receive('OrderRequested', next, later)).toMatchObject([
      { type: 'StockReserved', data: { availableQuantity: 1, sold: true } },
    ]);
  });
});

describe('the products table', () => {
  it('tells held from sold, and shows what is available', async () => {
    const productId = await addProduct('lens', 10);
    const held = { orderId: randomUUID(), index: 0, of: 2 };
    const released = { orderId: randomUUID(), index: 1, of: 2 };
    await receive('OrderRequested', productId, held, 4);
    await receive('OrderRequested', productId, released, 3);
    await receive('OrderRequested', productId, { orderId: randomUUID(), index: 0, of: 1 }, 2);
    await receive('OrderRequested', productId, { orderId: randomUUID(), index: 0, of: 1 }, 2);
    await receive('OrderRejected', productId, released);
    await receive('OrderConfirmed', productId, held);
    // A message that comes again finds nothing held.
    expect(await receive('OrderConfirmed', productId, held)).toEqual([]);
    const [rows] = await service.admin.query<RowDataPacket[]>(
      'SELECT * FROM products WHERE product_id = ?',
      [productId],
    );
    expect(rows[0]).toMatchObject({
      ...{ added_quantity: 10, available_quantity: 4, held_quantity: 0, sold_quantity: 6 },
    });
    const list = await http.send('GET', '/inventory');
    expect((list.body as { resp: unknown[] }).resp).toContainEqual(
      expect.objectContaining({ id: productId, count: 4, deleted_at: null }),
    );
  });

  it('equals the fold of the log from its beginning, row for row', async () => {
    const rebuilt = createMemoryEventStore<ProductEvent, OrdersMessage>(inventoryParts);
    const versions = new Map<string, number>();
    for (const { streamId, event, metadata } of await service.database.store.readLog(0, 10_000)) {
      const expectedVersion = versions.get(streamId) ?? 0;
      versions.set(streamId, expectedVersion + 1);
      const events = [{ event, metadata }];
      await rebuilt.commit([{ streams: [{ streamId, expectedVersion, events }] }]);
    }
    const [rows] = await service.admin.query<RowDataPacket[]>(
      'SELECT * FROM products ORDER BY product_id',
    );
    expect(rows.length).toBeGreaterThan(2);
    expect(rebuilt.rows('products')).toEqual(rows.map((row) => ({ ...row })));
  });
});
