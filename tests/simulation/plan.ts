// What a seed stands for: how many run, what there is to buy, who orders what and when.
import type { OrderId, ProductId, UserId } from '@orderflow/shared/contracts/ids.ts';
import { orderIdSchema, productIdSchema, userIdSchema } from '@orderflow/shared/contracts/ids.ts';
import type { ServiceName } from './faults.ts';
import { createRandom, randomUuid, type Random } from './random.ts';

/** What a client does after its order: nothing, send it twice at once, once more later, or another one under its id. */
export type Again = 'no' | 'twice' | 'later' | 'other';

export interface PlannedLine {
  readonly productId: ProductId;
  readonly quantity: number;
}

/** An order as a client will send it. */
export interface PlannedOrder {
  readonly orderId: OrderId;
  readonly userId: UserId;
  readonly lines: readonly PlannedLine[];
  /** Milliseconds since the run began. */
  readonly at: number;
  readonly again: Again;
}

/** A run without its faults. */
export interface Plan {
  readonly seed: number;
  /** Of each topic. */
  readonly partitionCount: number;
  readonly instances: Readonly<Record<ServiceName, number>>;
  /** Pieces of each product; ids count from 1. */
  readonly stocks: readonly number[];
  readonly userCount: number;
  /** A product that is added while orders come in, perhaps by ones that name it already; its id is the next one. */
  readonly lateProduct: { readonly at: number; readonly quantity: number } | undefined;
  readonly orders: readonly PlannedOrder[];
  /** Events between two snapshots of a product. */
  readonly snapshotEvents: number;
  /** A message of some order cannot be handled, and operators do something about the keys that are parked with it. */
  readonly hasOperators: boolean;
  /** When faults end, in milliseconds since the run began. */
  readonly calmAt: number;
}

/** How many of the runs have a crowd of orders: they cost as much as several others. */
const CROWD_CHANCE = 0.03;
/** Those with operators take longer, since parked keys are looked at once a second. */
const OPERATORS_CHANCE = 0.2;

/** The plan of a seed. */
export function planOf(seed: number): Plan {
  const random = createRandom(seed, 'plan');
  const stocks = Array.from({ length: random.between(1, 3) }, () => random.between(1, 6));
  const userCount = random.between(1, 2);
  const hasOperators = random.chance(OPERATORS_CHANCE);
  const calmAt = hasOperators ? random.between(2_500, 7_000) : random.between(1_000, 4_000);
  const lateProduct = random.chance(0.15)
    ? { at: random.between(100, calmAt), quantity: random.between(1, 4) }
    : undefined;
  const shape = { productCount: stocks.length + (lateProduct === undefined ? 0 : 1), userCount };
  const orderCount = random.chance(CROWD_CHANCE) ? random.between(20, 40) : random.between(3, 12);
  const orders = Array.from({ length: orderCount }, () => planOrder(random, shape, calmAt));
  return {
    ...{ seed, stocks, userCount, hasOperators, calmAt, lateProduct, orders },
    partitionCount: random.between(1, 3),
    snapshotEvents: random.between(1, 4),
    instances: {
      orders: hasOperators && random.chance(0.5) ? 2 : random.between(1, 2),
      inventory: hasOperators && random.chance(0.5) ? 2 : random.between(1, 2),
      users: random.chance(0.15) ? 1 : 0,
    },
  };
}

function planOrder(
  random: Random,
  { productCount, userCount }: { readonly productCount: number; readonly userCount: number },
  calmAt: number,
): PlannedOrder {
  const lineCount = random.chance(0.35) ? random.between(2, 3) : 1;
  const line = (): PlannedLine => ({
    productId: productIdSchema.parse(random.chance(0.02) ? 77 : random.between(1, productCount)),
    quantity: random.chance(0.7) ? 1 : random.between(2, 3),
  });
  return {
    orderId: orderIdSchema.parse(randomUuid(random)),
    userId: userIdSchema.parse(random.chance(0.02) ? 77 : random.between(1, userCount)),
    lines: Array.from({ length: lineCount }, line),
    at: random.between(20, Math.floor(calmAt * 0.8)),
    again: random.chance(0.7) ? 'no' : random.pick(['twice', 'later', 'other'] as const),
  };
}

/** The processes of a plan, by name. */
export function processNames({ instances }: Plan): readonly string[] {
  return (['orders', 'inventory', 'users'] as const).flatMap((service) =>
    Array.from({ length: instances[service] }, (_, index) => `${service}-${index}`),
  );
}
