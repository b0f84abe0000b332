// One run: a seed's plan under its faults, until everything is at rest, and then the checks.
import { createHash } from 'node:crypto';
import { USERS_TOPIC } from '@orderflow/shared/contracts/topics.ts';
import { accountBook, type Book } from './book.ts';
import { checkRest } from './checks/checks.ts';
import { breachOfComplaint } from './checks/complaints.ts';
import type { Fault, TimedFault } from './faults.ts';
import { losesMessages } from './faults.ts';
import { Gateway } from './gateway.ts';
import { useVirtualTime } from './globals.ts';
import { placeOrders, nudge } from './clients.ts';
import { isAtRest, lacking, publishedTopics } from './rest.ts';
import { placeWishes } from './operators.ts';
import { processNames, type Plan } from './plan.ts';
import { SOUND, type PlantedBug } from './planting.ts';
import { createRandom } from './random.ts';
import { drive, Scheduler } from './scheduler.ts';
import { startInventory, startOrders, startUsers } from './services.ts';
import { createShop, type Running, type Shop } from './shop.ts';
import { hearComplaints } from './simLogger.ts';
import { scheduleTrouble } from './trouble.ts';
import { SimProcess, World } from './world.ts';
import { seedProducts, seedUsers } from './stock.ts';

/** How often it is looked whether everything is at rest, and how long that may take once nothing fails any more. */
const LOOK_MS = 200;
const REST_LIMIT_MS = 240_000;
/** The owner of a topic looks for it every 10 s. */
const REFILL_LIMIT_MS = 60_000;

/**
 * A loss that nobody can have noticed yet shows with the next message; where as much has grown again as was lost, with the
 * message after that.
 */
const MOST_NUDGES = 3;
const NUDGE_AGAIN_MS = 15_000;

/** What came of a run. */
export interface RunResult {
  /** Promises that were broken, in words; none: all is well. */
  readonly breaches: readonly string[];
  readonly events: number;
  /** How long it took in its own time, in milliseconds. */
  readonly virtualMs: number;
  /** How many faults of each kind have struck. */
  readonly struck: World['struck'];
  /** How often each process has come to each step: `orders-0/commit`. */
  readonly steps: Readonly<Record<string, number>>;
  /** Of all logs and all that was ever stored: the same for the same run. */
  readonly fingerprint: string;
}

/** Runs a plan under faults. The same three arguments give the same run, event for event. */
export async function runPlan(
  plan: Plan,
  faults: readonly Fault[],
  bug: PlantedBug = SOUND,
): Promise<RunResult> {
  const scheduler = new Scheduler();
  const random = createRandom(plan.seed, 'world');
  const world = new World(scheduler, random, faults);
  useVirtualTime({ scheduler, random: createRandom(plan.seed, 'services') });
  hearComplaints((line) => {
    const breach = breachOfComplaint(line, world.befallen);
    if (breach !== undefined) world.breach(breach);
  });
  const unhear = hearBugs(world);
  try {
    const shop = createShop(world, plan, bug);
    const book = accountBook(shop);
    const gateway = new Gateway(shop, book.accepted);
    await seedProducts(shop);
    await seedUsers(shop);
    if (plan.instances.users === 0) shop.kafka.create(USERS_TOPIC, plan.partitionCount);
    world.start = (name) => {
      start(shop, name);
    };
    for (const name of processNames(plan))
      world.later(random.between(0, 30), () => {
        world.start(name);
      });
    placeOrders(shop, gateway, book);
    placeWishes(shop, book);
    scheduleTrouble(shop, gateway, faults.filter(isTimed));
    await untilRest(shop, gateway, book);
    if (faults.some(({ kind }) => kind === 'wipe')) await untilRefilled(shop);
    for (const breach of checkRest(shop)) world.breach(breach);
    return {
      breaches: world.breaches,
      events: scheduler.events,
      virtualMs: scheduler.now,
      struck: world.struck,
      steps: world.stepFaults.counts(),
      fingerprint: fingerprintOf(shop),
    };
  } finally {
    unhear();
    useVirtualTime(undefined);
    for (const process of world.processes.values()) process.isDead = true;
  }
}

function fingerprintOf({ databases, kafka }: Shop): string {
  const hash = createHash('sha256');
  const { orders, inventory, users } = databases;
  for (const { log } of [orders, inventory, users].map(({ memory }) => memory.contents))
    for (const { recorded } of log) hash.update(recorded.hash);
  for (const { value } of kafka.stored) hash.update(value);
  return hash.digest('hex');
}

function isTimed(fault: Fault): fault is TimedFault {
  return 'at' in fault;
}

/** A process of this name begins, unless one lives. */
function start(shop: Shop, name: string): void {
  const { world, running } = shop;
  if (world.processes.has(name)) return;
  const service = name.startsWith('orders')
    ? 'orders'
    : name.startsWith('inventory')
      ? 'inventory'
      : 'users';
  const process = new SimProcess(name, service);
  world.processes.set(name, process);
  world.scheduler.schedule(0, process, () => {
    running.set(name, START[service](shop, process));
  });
}

const START: Readonly<Record<SimProcess['service'], (shop: Shop, process: SimProcess) => Running>> =
  { orders: startOrders, inventory: startInventory, users: startUsers };

/** Lets the run go on until everything is at rest, which it must reach once nothing fails any more. */
async function untilRest(shop: Shop, gateway: Gateway, book: Book): Promise<void> {
  const { world, plan } = shop;
  const rest = { isThere: false };
  const nudges = { left: 0, dueAt: plan.calmAt };
  const look = (): void => {
    const missing = book.isOpen() ? 'clients still wait' : isAtRest(shop);
    const isTooLate = world.scheduler.now > plan.calmAt + REST_LIMIT_MS;
    rest.isThere = missing === undefined || isTooLate;
    if (!rest.isThere) {
      world.later(LOOK_MS, look);
      if (nudges.left === 0 || world.scheduler.now < nudges.dueAt) return;
      nudges.left -= 1;
      nudges.dueAt = world.scheduler.now + NUDGE_AGAIN_MS;
      nudge(shop, gateway, book);
    } else if (missing !== undefined) world.breach(`No rest after ${REST_LIMIT_MS} ms: ${missing}`);
  };
  world.later(plan.calmAt, () => {
    world.stepFaults.end();
    if (world.befallen.some(({ kind }) => losesMessages(kind))) nudges.left = MOST_NUDGES;
    look();
  });
  await drive(world.scheduler, () => rest.isThere);
  if (!rest.isThere) world.breach('Everything stands still');
}

/** Loses all topics, and lets the run go on until their owners have made and filled them again, and all is at rest. */
async function untilRefilled(shop: Shop): Promise<void> {
  const { world, kafka } = shop;
  if (world.breaches.length > 0) return;
  world.noteStruck('wipe', publishedTopics(shop));
  for (const topic of publishedTopics(shop)) kafka.topics.delete(topic);
  const endsAt = world.scheduler.now + REFILL_LIMIT_MS;
  const rest = { isThere: false };
  const look = (): void => {
    // At rest again, too: a process that was halted may have woken up with an order in its hands.
    const missing = lacking(shop) ?? isAtRest(shop);
    const isTooLate = world.scheduler.now > endsAt;
    rest.isThere = missing === undefined || isTooLate;
    if (!rest.isThere) world.later(LOOK_MS, look);
    else if (missing !== undefined) world.breach(`P9: not refilled, ${missing}`);
  };
  look();
  await drive(world.scheduler, () => rest.isThere);
}

/** What nobody caught in a process ends it, and is a breach. */
function hearBugs(world: World): () => void {
  const hear = (error: unknown): void => {
    const text = error instanceof Error ? (error.stack ?? error.message) : String(error);
    world.breach(`Nobody caught: ${text}`);
    const { current } = world.scheduler;
    if (current instanceof SimProcess) world.crash(current, 1_000);
  };
  process.on('uncaughtException', hear);
  process.on('unhandledRejection', hear);
  return () => {
    process.off('uncaughtException', hear);
    process.off('unhandledRejection', hear);
  };
}
