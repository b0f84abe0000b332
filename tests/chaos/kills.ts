// `npm run kills`: kill -9 of every process of a running `npm start`, or of every container of docker-compose.yml, again and
// again while orders flow; then the answers are compared with the logs. Ends with code 1 on a breach.
import { parseArgs } from 'node:util';
import { eventually } from '@orderflow/shared/testing/eventually.ts';
import { createClient } from '../stack/client.ts';
import { addProduct, auditLogsAtRest, countStatuses } from '../stack/shop.ts';
import { createComposeStack } from './composeStack.ts';
import { createLauncher } from './launcher.ts';
import { startLoad, type Load } from './load.ts';

const RECOVERY_LIMIT_MS = 180_000;
const ORDERS_BETWEEN_KILLS = 40;
const STOCKS = [100_000, 100_000, 500];

const { values } = parseArgs({
  options: {
    stack: { type: 'string', default: 'launcher' },
    rounds: { type: 'string', default: '5' },
    victims: { type: 'string' },
    seed: { type: 'string', default: '1' },
    secure: { type: 'boolean', default: false },
  },
});
const stack =
  values.stack === 'compose' ? await createComposeStack({}, {}, values.secure) : createLauncher();
const rounds = Number(values.rounds);
const wanted = values.victims?.split(',') ?? stack.victims;
const victims = stack.victims.filter((name) => wanted.includes(name));
if (
  !['compose', 'launcher'].includes(values.stack) ||
  !Number.isInteger(rounds) ||
  rounds < 1 ||
  (values.secure && values.stack !== 'compose') ||
  victims.length === 0
)
  throw new Error(
    'Usage: npm run kills -- [--stack launcher|compose [--secure]] [--rounds N] ' +
      `[--victims ${stack.victims.join(',')}] [--seed N]`,
  );

for (const signal of ['SIGINT', 'SIGTERM'] as const)
  process.once(signal, () => {
    void stack.stop().then(() => process.exit(1));
  });
try {
  process.exitCode = (await run()) ? 0 : 1;
} finally {
  await stack.stop();
}

async function run(): Promise<boolean> {
  await stack.start();
  const client = createClient(stack.gatewayUrl, 32);
  const run = Date.now().toString(36);
  const productIds: number[] = [];
  for (const [index, stock] of STOCKS.entries())
    productIds.push(await addProduct(client.call, `kills ${run} ${index}`, stock));
  const load = await startLoad(client.call, { run, productIds, clients: 16 });
  const recoveries: { victim: string; recoveryMs: number }[] = [];
  for (const victim of schedule(Number(values.seed))) {
    const recoveryMs = await killOnce(load, victim);
    recoveries.push({ victim, recoveryMs });
    console.log(
      `${recoveries.length}. ${victim} killed, orders flowed again after ${recoveryMs} ms`,
    );
  }
  const answers = await load.stop();
  client.close();
  return report(answers, productIds, recoveries);
}

/** Every victim `rounds` times, in an order that the seed gives. */
function schedule(seed: number): string[] {
  let state = seed >>> 0;
  const next = () => (state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0) / 2 ** 32;
  return Array.from({ length: rounds }, () => victims)
    .flat()
    .map((victim) => ({ victim, rank: next() }))
    .sort((a, b) => a.rank - b.rank)
    .map(({ victim }) => victim);
}

async function killOnce(load: Load, victim: string): Promise<number> {
  const before = load.confirmed();
  await eventually(
    () => load.confirmed() >= before + ORDERS_BETWEEN_KILLS,
    'orders flow before the next kill',
    { timeoutMs: RECOVERY_LIMIT_MS },
  );
  const killedAt = performance.now();
  const isBack = await stack.kill(victim);
  // Only orders that were placed after the kill show that the way is free again.
  const placedAfter = load.confirmedOfNewOrders();
  await eventually(() => placedAfter() > 0, `orders flow again after ${victim} was killed`, {
    timeoutMs: RECOVERY_LIMIT_MS,
  });
  const recoveryMs = Math.round(performance.now() - killedAt);
  // Orders may flow without it: a replica does its work, or nobody needs it just now.
  await eventually(isBack, `${victim} is back`, { timeoutMs: RECOVERY_LIMIT_MS });
  return recoveryMs;
}

async function report(
  answers: Awaited<ReturnType<Load['stop']>>,
  productIds: readonly number[],
  recoveries: readonly { victim: string; recoveryMs: number }[],
): Promise<boolean> {
  const books = await auditLogsAtRest(stack.readLog, answers, RECOVERY_LIMIT_MS);
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
