// `npm run kills`: kill -9 of every process of a running `npm start`, again and again while orders flow; then the
// answers are compared with the logs. Ends with code 1 on a breach.
import { parseArgs } from 'node:util';
import { eventually } from '@orderflow/shared/testing/eventually.ts';
import { audit } from '../books/audit.ts';
import { readLogOf } from '../books/logs.ts';
import { createClient } from '../stack/client.ts';
import { addProduct, countStatuses } from '../stack/shop.ts';
import { createLauncher, VICTIMS, type Launcher, type Victim } from './launcher.ts';
import { startLoad, type Load } from './load.ts';

const RECOVERY_LIMIT_MS = 180_000;
const ORDERS_BETWEEN_KILLS = 40;
const STOCKS = [100_000, 100_000, 500];

const { values } = parseArgs({
  options: {
    rounds: { type: 'string', default: '5' },
    victims: { type: 'string', default: VICTIMS.join(',') },
    seed: { type: 'string', default: '1' },
  },
});
const rounds = Number(values.rounds);
const victims = VICTIMS.filter((name) => values.victims.split(',').includes(name));
if (!Number.isInteger(rounds) || rounds < 1 || victims.length === 0)
  throw new Error(
    `Usage: npm run kills -- [--rounds N] [--victims ${VICTIMS.join(',')}] [--seed N]`,
  );

const launcher = createLauncher();
for (const signal of ['SIGINT', 'SIGTERM'] as const)
  process.once(signal, () => {
    void launcher.stop().then(() => process.exit(1));
  });
try {
  process.exitCode = (await run(launcher)) ? 0 : 1;
} finally {
  await launcher.stop();
}

async function run(stack: Launcher): Promise<boolean> {
  await stack.start();
  const client = createClient(stack.gatewayUrl, 32);
  const run = Date.now().toString(36);
  const productIds: number[] = [];
  for (const [index, stock] of STOCKS.entries())
    productIds.push(await addProduct(client.call, `kills ${run} ${index}`, stock));
  const load = await startLoad(client.call, { run, productIds, clients: 16 });
  const recoveries: { victim: Victim; recoveryMs: number }[] = [];
  for (const victim of schedule(Number(values.seed))) {
    const recoveryMs = await killOnce(stack, load, victim);
    recoveries.push({ victim, recoveryMs });
    console.log(
      `${recoveries.length}. ${victim} killed, orders flowed again after ${recoveryMs} ms`,
    );
  }
  const answers = await load.stop();
  client.close();
  return report(stack, answers, productIds, recoveries);
}

/** Every victim `rounds` times, in an order that the seed gives. */
function schedule(seed: number): Victim[] {
  let state = seed >>> 0;
  const next = () => (state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0) / 2 ** 32;
  return Array.from({ length: rounds }, () => victims)
    .flat()
    .map((victim) => ({ victim, rank: next() }))
    .sort((a, b) => a.rank - b.rank)
    .map(({ victim }) => victim);
}

async function killOnce(stack: Launcher, load: Load, victim: Victim): Promise<number> {
  const before = load.confirmed();
  await eventually(
    () => load.confirmed() >= before + ORDERS_BETWEEN_KILLS,
    'orders flow before the next kill',
    { timeoutMs: RECOVERY_LIMIT_MS },
  );
  const killedAt = performance.now();
  await stack.kill(victim);
  // Only orders that were placed after the kill show that the way is free again.
  const placedAfter = load.confirmedOfNewOrders();
  await eventually(() => placedAfter() > 0, `orders flow again after ${victim} was killed`, {
    timeoutMs: RECOVERY_LIMIT_MS,
  });
  return Math.round(performance.now() - killedAt);
}

async function report(
  stack: Launcher,
  answers: Awaited<ReturnType<Load['stop']>>,
  productIds: readonly number[],
  recoveries: readonly { victim: Victim; recoveryMs: number }[],
): Promise<boolean> {
  const compare = async () =>
    audit(
      answers,
      await readLogOf(stack.logSource('inventory'), 'orderflow_inventory'),
      await readLogOf(stack.logSource('orders'), 'orderflow_orders'),
    );
  await eventually(async () => (await compare()).orders.undecided === 0, 'every order is decided', {
    timeoutMs: RECOVERY_LIMIT_MS,
    intervalMs: 1_000,
  });
  const books = await compare();
  console.log('answers by status (0: the connection broke):', countStatuses(answers));
  console.log('orders in the log:', books.orders);
  for (const id of productIds) console.log(`product ${id}:`, books.products.get(id));
  for (const victim of victims) {
    const times = recoveries
      .filter((each) => each.victim === victim)
      .map((each) => each.recoveryMs);
    console.log(`${victim}: killed ${times.length} times, recovered after (ms):`, times.join(', '));
  }
  console.log(
    books.breaches.length === 0
      ? `0 breaches in ${answers.length} answers and ${books.orders.requested} orders`
      : `BREACHES: ${books.breaches.length}\n${books.breaches.slice(0, 50).join('\n')}`,
  );
  return books.breaches.length === 0;
}
