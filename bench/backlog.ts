// `backlog`: orders are placed while inventory is down; then it comes back. How fast are they decided, in how much memory?
import { setTimeout as wait } from 'node:timers/promises';
import type { Contender } from './contenders/contender.ts';
import { createUndecidedCounter } from './contenders/orderflow/books.ts';
import {
  orderflow,
  startOrderflow,
  type RunningOrderflow,
} from './contenders/orderflow/orderflow.ts';
import type { Ground } from './ground.ts';
import type { LoadOutcome } from './load/plan.ts';
import { findBookFaults } from './measure/books.ts';
import type { Subject } from './measure/measureRun.ts';
import { watchMemory } from './measure/memory.ts';
import { createBatchCounter } from './measure/recordBatches.ts';
import { runLoadProcess } from './measure/startLoad.ts';
import { lookAtUsage, usageBetween } from './measure/usage.ts';
import type { RunResult } from './results.ts';
import { scenarioOf, type Extent } from './scenarios.ts';
import type { OnStage } from './stage.ts';

const CONNECTIONS = 256;
/** A client is answered 202 after this: nothing is decided meanwhile. */
const ORDER_WAIT_MS = '20';
const PLACING_LIMIT_SECONDS = 1_800;
const CATCH_UP_LIMIT_MS = 1_800_000;
const LOOK_MS = 250;
const MEMORY_LOOK_MS = 1_000;

/** How many orders wait, and over what they are spread. */
interface BacklogExtent {
  readonly backlogOrders: number;
  readonly extent: Extent;
}

/**
 * Does the scenario once, with the users and products of `spread`, whose live rate the catch-up is compared with. Rejects when the backlog cannot be placed or is not decided in half
 * an hour.
 */
export async function runBacklog(
  ground: Ground,
  onStage: OnStage,
  poolSize: number,
  { backlogOrders: orders, extent }: BacklogExtent,
  round: number,
): Promise<RunResult> {
  const { userCount, productCount } = scenarioOf('spread', extent);
  let started: RunningOrderflow | undefined;
  const contender: Contender = {
    ...orderflow,
    start: async (on, size) => {
      started = await startOrderflow(on, size, { environment: { ORDER_WAIT_MS } });
      return started;
    },
  };
  return onStage(contender, poolSize, userCount, async (subject) => {
    if (started === undefined) throw new Error('Orderflow was not started');
    const productIds = await started.seedProducts(productCount, orders);
    await started.stopService('inventory');
    const outcome = await placeOrders(ground, subject, productIds, orders, round);
    const caughtUp = await catchUp(ground, started);
    const books = await started.readBooks(productIds);
    const { orderAnswers } = outcome;
    const accepted = (orderAnswers['202'] ?? 0) + (orderAnswers['200'] ?? 0);
    const confirmed = [...books.products.values()].reduce((sum, book) => sum + book.confirmed, 0);
    const faults = findBookFaults(books, { stock: orders, orderAnswers });
    // There is stock for all of them.
    if (confirmed < accepted) faults.push(`${accepted} were accepted, ${confirmed} are confirmed`);
    return {
      contender: 'orderflow',
      variant: '',
      scenario: 'backlog',
      connections: CONNECTIONS,
      round,
      ...caughtUp,
      bookFaults: faults,
    };
  });
}

function placeOrders(
  ground: Ground,
  { running, userIds }: Subject,
  productIds: number[],
  orders: number,
  seed: number,
): Promise<LoadOutcome> {
  const buyers = Array.from({ length: orders }, (_, index) => userIds[index % userIds.length] ?? 0);
  const plan = {
    ...running.address,
    connections: CONNECTIONS,
    warmupSeconds: 0,
    seconds: PLACING_LIMIT_SECONDS,
    timeoutMs: 30_000,
    readShare: 0,
    userIds: buyers,
    productIds,
    eachUserOnce: true,
    seed,
  };
  return runLoadProcess(plan, ground.settings.inherited, () => undefined);
}

/** Starts inventory and waits until all is decided. The rate counts from the first decision that is seen, not from the start of the process. */
async function catchUp(
  ground: Ground,
  running: RunningOrderflow,
): Promise<
  Omit<RunResult, 'contender' | 'variant' | 'scenario' | 'connections' | 'round' | 'bookFaults'>
> {
  const countUndecided = createUndecidedCounter(ground.admin, running.databases.orders);
  const placed = await countUndecided();
  const batches = createBatchCounter(ground.kafkaLogDir, running.topicPrefix ?? '');
  batches.count();
  await running.startService('inventory');
  const before = lookAtUsage(ground, running, batches);
  const memory = watchMemory(running.processes, MEMORY_LOOK_MS);
  const deadline = performance.now() + CATCH_UP_LIMIT_MS;
  let beganAt = performance.now();
  for (let left = placed; left > 0; left = await countUndecided()) {
    if (left === placed) beganAt = performance.now();
    if (performance.now() > deadline) throw new Error(`${left} orders are undecided after 30 min`);
    await wait(LOOK_MS);
  }
  const seconds = (performance.now() - beganAt) / 1_000;
  const after = lookAtUsage(ground, running, batches);
  const used = await usageBetween(before, after, placed, ground, running);
  const noLatency = { p50: 0, p90: 0, p99: 0, max: 0 };
  return {
    // Nobody waits for these any more: there are decisions, and no answers.
    load: { seconds, answers: {}, perSecond: placed / seconds, latencyMs: noLatency },
    ...used,
    memory: memory.stop(),
  };
}
