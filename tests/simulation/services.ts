// The services as startService composes them, on simulated servers: the same parts, the same order, no ports.
import { INVENTORY_TOPIC, USERS_TOPIC, ORDERS_TOPIC } from '@orderflow/shared/contracts/topics.ts';
import { productIdSchema, userIdSchema } from '@orderflow/shared/contracts/ids.ts';
import { createAppendQueue } from '@orderflow/shared/eventstore/appendQueue.ts';
import { handleCommand } from '@orderflow/shared/eventstore/commandHandler.ts';
import { createIdAllocator } from '@orderflow/shared/eventstore/counters.ts';
import type { DomainEvent } from '@orderflow/shared/eventstore/decider.ts';
import type { EventStore } from '@orderflow/shared/eventstore/eventStore.ts';
import {
  createMessaging,
  type Consumption,
  type Messaging,
} from '@orderflow/shared/messaging/messaging.ts';
import type { ToMessages } from '@orderflow/shared/messaging/relayBatch.ts';
import { createInventoryApp, inventoryParts } from '../../services/inventory/src/app.ts';
import { productDecider } from '../../services/inventory/src/domain/decideReservation.ts';
import { productStream } from '../../services/inventory/src/domain/product.ts';
import { createOrdersApp, ordersParts } from '../../services/orders/src/app.ts';
import { createKnownUsers } from '../../services/orders/src/readmodel/knownUsers.ts';
import { createProducts } from '../../services/orders/src/readmodel/products.ts';
import { usersParts } from '../../services/users/src/app.ts';
import { userDecider } from '../../services/users/src/domain/decideRegistration.ts';
import { userStream } from '../../services/users/src/domain/user.ts';
import { personalDataOf } from '../../services/users/src/readmodel/personalData.ts';
import { openBroker } from './broker.ts';
import { openCounters, openPositions, openStore, openTopicRecords } from './databaseHandles.ts';
import type { SimDatabase } from './database.ts';
import type { ServiceName } from './faults.ts';
import { poisoned } from './poison.ts';
import { createOrdersQueries } from './queries.ts';
import { randomUuid } from './random.ts';
import { call, type Running, type Shop } from './shop.ts';
import { simLogger } from './simLogger.ts';
import { watchedPositions } from './relayWatch.ts';
import type { SimProcess } from './world.ts';

/** How long an order waits for its decision in the orders service. */
const ORDER_WAIT_MS = 4_000;

/** A process's access to its schema, as `openServiceDatabase` gives it. */
function openDatabase<Event extends DomainEvent, Fact extends DomainEvent>(
  shop: Shop,
  process: SimProcess,
  database: SimDatabase<Event, Fact>,
) {
  const { world, bug, kafka } = shop;
  const ground = { world, process, database, kafka };
  const schema = bug.schema?.(database.store, ground) ?? database.store;
  const opened = openStore(world, process, database, schema);
  const store = bug.store?.(opened, ground) ?? opened;
  const queue = createAppendQueue(store);
  const takeIds = openCounters(world, process, database);
  return {
    store: { ...store, commit: queue.commitAhead },
    log: {
      readStreams: (streamIds: readonly string[]) => store.readStreams(streamIds),
      append: queue.append,
    },
    idsOf: (counter: string, blockSize: number) => {
      const allocator = createIdAllocator((count) => takeIds(counter, count), blockSize);
      return () => allocator.next();
    },
  };
}

/** What differs between the services' messagings. */
interface MessagingParts<State, Event extends DomainEvent, Fact extends DomainEvent> {
  readonly store: EventStore<Event, Fact>;
  readonly topic: string;
  readonly toMessages: ToMessages<Event>;
  readonly isAwaited?: (event: Event) => boolean;
  readonly consumes?: Consumption<State, Event, Fact>;
}

function startMessaging<State, Event extends DomainEvent, Fact extends DomainEvent>(
  shop: Shop,
  process: SimProcess,
  database: SimDatabase<Event, Fact>,
  parts: MessagingParts<State, Event, Fact>,
): Messaging {
  const { world, kafka, plan, bug } = shop;
  const { store, topic, toMessages, isAwaited, consumes } = parts;
  const opened = openBroker(world, process, kafka);
  const messaging = createMessaging<State, Event, Fact>({
    service: process.service,
    store,
    broker: bug.broker?.(opened, world) ?? opened,
    books: {
      topicRecords: openTopicRecords(world, process, database),
      relayPositions: (_topic, partitionCount) =>
        openPositions(world, process, database, partitionCount, (positions) =>
          watchedPositions(shop, process.service, bug.positions?.(positions) ?? positions),
        ),
    },
    publishes: {
      topic,
      partitionCount: plan.partitionCount,
      replicationFactor: 1,
      toMessages,
      ...(isAwaited === undefined ? {} : { isAwaited }),
    },
    ...(consumes === undefined ? {} : { consumes }),
    logger: simLogger,
    onFatal: (reason, error) => {
      world.breach(`${process.name} ended itself: ${reason}: ${String(error)}`);
      world.crash(process, 1_000);
    },
    askForRewind: (service, { partition, place }) =>
      call(shop, process, serviceAt(service), (target) =>
        target.messaging.requestRewind(partition, place),
      ),
  });
  process.drain = () => messaging.stop();
  messaging.start();
  return messaging;
}

/** The service behind a URL, which is its name here. */
function serviceAt(url: string): ServiceName {
  const service = (['orders', 'inventory', 'users'] as const).find((name) => name === url);
  if (service === undefined) throw new Error(`There is no service ${url}`);
  return service;
}

const now = (): string => new Date().toISOString();

/** Starts an instance of orders. */
export function startOrders(shop: Shop, process: SimProcess): Running {
  const { world, databases } = shop;
  const { store, log, idsOf } = openDatabase(shop, process, databases.orders);
  const queries = createOrdersQueries(shop, process);
  const app = createOrdersApp({
    ...log,
    onCommitted: (listener) => store.onCommitted(listener),
    orders: queries.orders,
    carts: queries.carts,
    products: createProducts(queries.products),
    knownUsers: createKnownUsers(queries.knownUsers),
    usersClient: { exists: (userId) => queries.userExists(userId) },
    nextCartLineId: idsOf('cart_lines', 100),
    newUuid: () => randomUuid(world.random),
    now,
    waitMs: ORDER_WAIT_MS,
    idempotencySecret: 'secret',
    logger: simLogger,
  });
  const messaging = startMessaging(shop, process, databases.orders, {
    store,
    ...ordersParts,
    consumes: {
      groupId: 'orders',
      subscriptions: [
        { topic: USERS_TOPIC, publisherUrl: 'users' },
        { topic: INVENTORY_TOPIC, publisherUrl: 'inventory' },
      ],
      reactions: poisoned(shop, 'orders', app.reactions),
      evolution: ordersParts.decider,
    },
  });
  return { process, messaging, leaving: new AbortController(), orderStream: app.orderStream };
}

/** Starts an instance of inventory. */
export function startInventory(shop: Shop, process: SimProcess): Running {
  const { world, databases } = shop;
  const { store, log, idsOf } = openDatabase(shop, process, databases.inventory);
  const nextProductId = idsOf('products', 1);
  const newUuid = (): string => randomUuid(world.random);
  const products = { list: () => Promise.resolve([]) };
  const stateCodec = { ...inventoryParts.stateCodec, snapshotEvents: shop.plan.snapshotEvents };
  const app = createInventoryApp({ log, products, nextProductId, newUuid, now });
  const messaging = startMessaging(shop, process, databases.inventory, {
    store,
    ...inventoryParts,
    consumes: {
      groupId: 'inventory',
      subscriptions: [{ topic: ORDERS_TOPIC, publisherUrl: 'orders' }],
      reactions: poisoned(shop, 'inventory', app.reactions),
      evolution: { ...inventoryParts.decider, stateCodec },
    },
  });
  return {
    process,
    messaging,
    leaving: new AbortController(),
    async addProduct(name, quantity) {
      const productId = productIdSchema.parse(await nextProductId());
      const fields = { productId, uuid: newUuid(), name, quantity, at: now() };
      await handleCommand({
        log,
        decider: productDecider,
        streamId: productStream(productId),
        command: { type: 'AddProduct', ...fields },
        metadata: { correlationId: name, causationId: name },
      });
    },
  };
}

/** Starts an instance of users. */
export function startUsers(shop: Shop, process: SimProcess): Running {
  const { world, databases } = shop;
  const { store, log, idsOf } = openDatabase(shop, process, databases.users);
  const nextUserId = idsOf('users', 1);
  const messaging = startMessaging(shop, process, databases.users, {
    store,
    ...usersParts,
  });
  return {
    process,
    messaging,
    leaving: new AbortController(),
    async register(email) {
      const userId = userIdSchema.parse(await nextUserId());
      const uuid = randomUuid(world.random);
      await handleCommand({
        log,
        decider: userDecider,
        streamId: userStream(userId),
        command: { type: 'RegisterUser', userId, uuid, at: now() },
        metadata: { correlationId: email, causationId: email },
        inserts: [personalDataOf(userId, email)],
      });
    },
  };
}
