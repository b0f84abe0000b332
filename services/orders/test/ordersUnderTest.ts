// The orders service on a database of its own, with the test in the place of inventory, users and the gateway.
import { randomUUID } from 'node:crypto';
import type { Pool } from 'mysql2/promise';
import { orderIdSchema, productIdSchema, userIdSchema } from '@orderflow/shared/contracts/ids.ts';
import type { ServiceDatabase } from '@orderflow/shared/runtime/serviceDatabase.ts';
import { eventually } from '@orderflow/shared/testing/eventually.ts';
import { replay } from '@orderflow/shared/testing/given.ts';
import {
  openTestServiceDatabase,
  serveRoutes,
  silentLogger,
  type ServedRoutes,
} from '@orderflow/shared/testing/testService.ts';
import { createOrdersApp, ordersParts, type OrdersAppDeps } from '../src/app.ts';
import { orderDecider } from '../src/domain/decideOrder.ts';
import { orderStream, type OrderEvent } from '../src/domain/order.ts';
import type { OrdersFact } from '../src/messaging/inbound.ts';
import { createCartQueries } from '../src/readmodel/cartLines.ts';
import { createKnownUserQueries, createKnownUsers } from '../src/readmodel/knownUsers.ts';
import { createOrderQueries } from '../src/readmodel/orders.ts';
import { createKnownProductQueries, createProducts } from '../src/readmodel/products.ts';
import { openStreamClient, type StreamAnswer, type StreamClient } from './streamClient.ts';

export const CAMERA = productIdSchema.parse(7);
export const LENS = productIdSchema.parse(9);
export const KNOWN_USER = userIdSchema.parse(1);
/** Known to the users service alone. */
export const NEW_USER = userIdSchema.parse(2);
const ONE_CAMERA = [{ productId: CAMERA, quantity: 1 }];
export const metadata = { correlationId: 'test', causationId: 'test' };

type Database = ServiceDatabase<OrderEvent, OrdersFact>;

let clock = Date.parse('2026-11-22T11:00:00.000Z');
const now = () => new Date((clock += 1)).toISOString();

/** Which line of how many; alone if it is not said. */
interface Line {
  readonly index: number;
  readonly of: number;
}

const ALONE: Line = { index: 0, of: 1 };

/** Inventory's 'yes' to a line. */
export function reserved(
  orderId: string,
  availableQuantity: number,
  productId = CAMERA,
  line = ALONE,
): OrdersFact {
  const data = { productId, orderId: orderIdSchema.parse(orderId), quantity: 1, at: now() };
  return {
    type: 'StockReserved',
    data: { ...data, line, availableQuantity, sold: line.of === 1 },
  };
}

/** Inventory's 'no' to an order of one line. */
export function refused(orderId: string, reason: 'out_of_stock' | 'unknown_product'): OrdersFact {
  const order = { productId: CAMERA, orderId: orderIdSchema.parse(orderId), quantity: 1 };
  return {
    type: 'StockRejected',
    data: { ...order, line: ALONE, availableQuantity: 0, reason, at: now() },
  };
}

export interface OrdersUnderTest {
  readonly database: Database;
  readonly admin: Pool;
  readonly send: ServedRoutes['send'];
  openAnother(): Promise<Database>;
  /** How often the users service was asked. */
  usersAsked(): number;
  /** Sends an order as the gateway does: one camera of the known user if nothing else is said. */
  place(
    orderId: string,
    lines?: readonly { readonly productId: number; readonly quantity: number }[],
    userId?: number,
    waitMs?: number,
  ): Promise<StreamAnswer>;
  /** The stream that they are sent on. */
  readonly stream: StreamClient;
  /** What the consumer does with a message, without Kafka in between; `at` another instance if one is given. */
  receive(fact: OrdersFact, at?: Database): Promise<void>;
  /** The types of an order's events. */
  eventsOf(orderId: string): Promise<readonly string[]>;
  whenRequested(orderId: string): Promise<void>;
  close(): Promise<void>;
}

/** Starts the service. It has heard of one user and of two products. */
export async function startOrders(): Promise<OrdersUnderTest> {
  const service = await openTestServiceDatabase<OrderEvent, OrdersFact>(ordersParts);
  const { database } = service;
  let usersAsked = 0;
  const app = createOrdersApp(
    dependencies(database, (userId) => {
      usersAsked += 1;
      return userId === NEW_USER;
    }),
  );
  const { send, close, port } = await serveRoutes(app.routes, app.orderStream);
  const stream = await openStreamClient(port);

  async function receive(fact: OrdersFact, { store }: Database = database): Promise<void> {
    const versions = new Map<string, number>();
    const decisions = await app.reactions.react(fact, async (streamId) => {
      const past = (await store.readStreams([streamId])).get(streamId) ?? [];
      versions.set(streamId, past.length);
      return replay(
        orderDecider,
        past.map(({ event }) => event),
      );
    });
    const streams = decisions.map(({ streamId, events }) => ({
      streamId,
      expectedVersion: versions.get(streamId) ?? 0,
      events: events.map((event) => ({ event, metadata })),
    }));
    await store.commit([{ streams, facts: [fact] }]);
  }

  const eventsOf = (orderId: string) => typesOf(database, orderId);
  await introduce(receive);
  return {
    ...{ database, admin: service.admin, send, stream, receive, eventsOf },
    openAnother: () => service.openAnother(),
    usersAsked: () => usersAsked,
    place: (orderId, lines = ONE_CAMERA, userId = KNOWN_USER, waitMs = 30_000) =>
      stream.place({ orderId, userId, lines, waitMs, correlationId: 'test' }),
    whenRequested: async (orderId) => {
      await eventually(async () => (await eventsOf(orderId)).length > 0, 'the order is requested');
    },
    async close() {
      stream.end();
      await close();
      await service.drop();
    },
  };
}

async function typesOf({ store }: Database, orderId: string): Promise<readonly string[]> {
  const stream = orderStream(orderIdSchema.parse(orderId));
  const recorded = (await store.readStreams([stream])).get(stream) ?? [];
  return recorded.map(({ event }) => event.type);
}

function dependencies(
  { pool, store, log, idsOf }: Database,
  exists: (userId: number) => boolean,
): OrdersAppDeps {
  return {
    ...log,
    onCommitted: (listener) => store.onCommitted(listener),
    orders: createOrderQueries(pool, log.readStreams),
    carts: createCartQueries(pool),
    products: createProducts(createKnownProductQueries(pool)),
    knownUsers: createKnownUsers(createKnownUserQueries(pool)),
    usersClient: { exists: (userId) => Promise.resolve(exists(userId)) },
    nextCartLineId: idsOf('cart_lines', 100),
    newUuid: randomUUID,
    now,
    waitMs: 30_000,
    idempotencySecret: 'a secret for tests only',
    logger: silentLogger,
  };
}

async function introduce(receive: OrdersUnderTest['receive']): Promise<void> {
  await receive({ type: 'UserRegistered', data: { userId: KNOWN_USER, at: now() } });
  for (const [productId, name] of [
    [CAMERA, 'camera'],
    [LENS, 'lens'],
  ] as const) {
    const data = { productId, uuid: randomUUID(), name, quantity: 100, at: now() };
    await receive({ type: 'ProductAdded', data });
  }
}
