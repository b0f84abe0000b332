// The whole shop of one run: servers, schemas, and which instances of which services run.
import type { Messaging } from '@orderflow/shared/messaging/messaging.ts';
import { AppError } from '@orderflow/shared/runtime/appError.ts';
import { ordersParts, type OrdersApp } from '../../services/orders/src/app.ts';
import type { OrderEvent } from '../../services/orders/src/domain/order.ts';
import type { OrdersFact } from '../../services/orders/src/messaging/inbound.ts';
import { inventoryParts } from '../../services/inventory/src/app.ts';
import type { ProductEvent } from '../../services/inventory/src/domain/product.ts';
import { NAME_TAKEN } from '../../services/inventory/src/readmodel/products.ts';
import { usersParts } from '../../services/users/src/app.ts';
import type { UserEvent } from '../../services/users/src/domain/user.ts';
import { EMAIL_TAKEN } from '../../services/users/src/readmodel/personalData.ts';
import type { OrdersMessage } from '@orderflow/shared/contracts/orders.ts';
import { SimDatabase } from './database.ts';
import type { ServiceName } from './faults.ts';
import { SimKafka } from './kafka.ts';
import type { PlantedBug } from './planting.ts';
import type { Plan } from './plan.ts';
import { latencyMs, type SimProcess, type World } from './world.ts';

/** The three schemas. */
export interface Databases {
  readonly orders: SimDatabase<OrderEvent, OrdersFact>;
  readonly inventory: SimDatabase<ProductEvent, OrdersMessage>;
  readonly users: SimDatabase<UserEvent, never>;
}

/** A service at work in a process. */
export interface Running {
  readonly process: SimProcess;
  readonly messaging: Messaging;
  /** Aborted when it is told to end. */
  readonly leaving: AbortController;
  /** Of an instance of orders. */
  readonly orderStream?: OrdersApp['orderStream'];
  /** Of an instance of inventory: adds a product under a name, as its route would. */
  readonly addProduct?: (name: string, quantity: number) => Promise<void>;
  /** Of an instance of users: registers somebody, as its route would. */
  readonly register?: (email: string) => Promise<void>;
}

/** A run's shop. */
export interface Shop {
  readonly world: World;
  readonly plan: Plan;
  readonly kafka: SimKafka;
  readonly databases: Databases;
  readonly bug: PlantedBug;
  /** What orders knows of users before anything runs. */
  readonly seededFacts: OrdersFact[];
  /** Per service and partition: how much was stored when its relay was last told to send again. */
  readonly rewoundAt: Map<string, number>;
  /** By the names of their processes. */
  readonly running: Map<string, Running>;
}

/** Makes the shop's servers, empty; nothing runs yet. */
export function createShop(world: World, plan: Plan, bug: PlantedBug): Shop {
  const kafka = new SimKafka(world);
  const now = (): number => world.scheduler.now;
  const databases = {
    orders: new SimDatabase<OrderEvent, OrdersFact>(
      {
        ...ordersParts,
        uniqueKeys: [
          { name: 'uq_cart_lines_cart_line_id', table: 'cart_lines', columns: ['cart_line_id'] },
        ],
      },
      now,
    ),
    inventory: new SimDatabase<ProductEvent, OrdersMessage>(
      {
        ...inventoryParts,
        uniqueKeys: [{ name: NAME_TAKEN, table: 'products', columns: ['name_key'] }],
      },
      now,
    ),
    users: new SimDatabase<UserEvent, never>(
      {
        ...usersParts,
        tables: [
          {
            name: 'user_personal_data',
            key: ['user_id'],
            columns: ['user_id', 'email', 'email_key'],
          },
        ],
        uniqueKeys: [{ name: EMAIL_TAKEN, table: 'user_personal_data', columns: ['email_key'] }],
      },
      now,
    ),
  };
  return {
    world,
    plan,
    kafka,
    databases,
    bug,
    seededFacts: [],
    rewoundAt: new Map(),
    running: new Map(),
  };
}

/** Those who run of a service. */
export function instancesOf({ running }: Shop, service: ServiceName): readonly Running[] {
  return [...running.values()].filter(
    ({ process }) => process.service === service && !process.isDead,
  );
}

const CALL_TIMEOUT_MS = 3_000;

/**
 * Calls any instance of a service on behalf of a process, as over HTTP. Throws a retryable AppError when none answers in
 * time; then the call may have been carried out.
 */
export function call<T>(
  shop: Shop,
  from: SimProcess,
  service: ServiceName,
  run: (target: Running) => Promise<T>,
): Promise<T> {
  const { scheduler, random } = shop.world;
  return new Promise((resolve, reject) => {
    const back = (settle: () => void): void => {
      scheduler.schedule(latencyMs(random, 'ask') / 2, from, settle);
    };
    const refuse = (cause: unknown): void => {
      back(() => {
        reject(
          new AppError('unreachable', `${service} gave no answer`, { retryable: true, cause }),
        );
      });
    };
    scheduler.schedule(CALL_TIMEOUT_MS, from, () => {
      refuse(new Error('time-out'));
    });
    scheduler.schedule(latencyMs(random, 'ask') / 2, undefined, () => {
      const instances = instancesOf(shop, service);
      if (instances.length === 0) {
        refuse(new Error('nobody there'));
        return;
      }
      const target = random.pick(instances);
      scheduler.schedule(0, target.process, () => {
        run(target).then((answer) => {
          back(() => {
            resolve(answer);
          });
        }, refuse);
      });
    });
  });
}
