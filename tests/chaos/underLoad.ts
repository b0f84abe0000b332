// `npm run under-load`: runs commands (a rolling upgrade, a restart) while orders and reads flow through a gateway that is up
// already; then the answers are compared with the logs. Ends with code 1 on a 5xx, a broken connection or a breach.
import { spawn } from 'node:child_process';
import { setTimeout as wait } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { eventually } from '@orderflow/shared/testing/eventually.ts';
import { testInfra } from '@orderflow/shared/testing/infra.ts';
import { audit, type ClientAnswer } from '../books/audit.ts';
import { readLogOf } from '../books/logs.ts';
import { createClient, type Call } from '../stack/client.ts';
import { addProduct, countStatuses } from '../stack/shop.ts';
import { startLoad, type Load } from './load.ts';

const USAGE =
  'Usage: npm run under-load -- --gateway URL --run COMMAND [--run COMMAND …], with MYSQL_HOST, MYSQL_PORT, MYSQL_ADMIN_USER and ' +
  'MYSQL_ADMIN_PASSWORD naming an account that may read the logs (and KAFKA_BROKERS, which is not used)';
const CLIENTS = 16;
const READERS = 4;
/** One product runs out on the way: refusals are part of the load. */
const STOCKS = [100_000, 100_000, 500];
const ORDERS_AROUND_A_COMMAND = 200;
const FLOW_LIMIT_MS = 120_000;

const { values } = parseArgs({
  options: { gateway: { type: 'string' }, run: { type: 'string', multiple: true } },
});
const { gateway, run: commands } = values;
if (gateway === undefined || commands === undefined) throw new Error(USAGE);

const client = createClient(gateway, CLIENTS + READERS);
process.exitCode = (await runUnderLoad(client.call, commands)) ? 0 : 1;
client.close();

async function runUnderLoad(call: Call, all: readonly string[]): Promise<boolean> {
  const run = Date.now().toString(36);
  const productIds: number[] = [];
  for (const [index, stock] of STOCKS.entries())
    productIds.push(await addProduct(call, `under load ${run} ${index}`, stock));
  const load = await startLoad(call, { run, productIds, clients: CLIENTS });
  const readers = startReaders(call);
  await ordersFlow(load, 'before the first command');
  let areCommandsWell = true;
  for (const command of all) {
    const startedAt = performance.now();
    const code = await runCommand(command);
    const seconds = ((performance.now() - startedAt) / 1_000).toFixed(1);
    console.log(`${command}: exit code ${code} after ${seconds} s`);
    areCommandsWell &&= code === 0;
    await ordersFlow(load, `after ${command}`);
  }
  const answers = await load.stop();
  const reads = await readers.stop();
  return (await report(answers, reads)) && areCommandsWell;
}

/** Readers of the two lists that clients look at most; gives the statuses that they were answered. */
function startReaders(call: Call): { stop: () => Promise<ClientAnswer[]> } {
  const answers: ClientAnswer[] = [];
  let isStopped = false;
  const work = Array.from({ length: READERS }, async (_, reader) => {
    while (!isStopped) {
      const path = reader % 2 === 0 ? '/inventory' : '/order?userId=1';
      const { status, text } = await call('GET', path);
      answers.push({ orderId: undefined, status, text });
      await wait(20);
    }
  });
  return {
    stop: async () => {
      isStopped = true;
      await Promise.all(work);
      return answers;
    },
  };
}

async function ordersFlow(load: Load, when: string): Promise<void> {
  const confirmed = load.confirmedOfNewOrders();
  await eventually(() => confirmed() >= ORDERS_AROUND_A_COMMAND, `orders flow ${when}`, {
    timeoutMs: FLOW_LIMIT_MS,
  });
}

function runCommand(command: string): Promise<number | null> {
  return new Promise((resolve, reject) => {
    const child = spawn('sh', ['-c', command], { stdio: ['ignore', 'inherit', 'inherit'] });
    child.once('error', reject);
    child.once('exit', resolve);
  });
}

async function report(
  answers: readonly ClientAnswer[],
  reads: readonly ClientAnswer[],
): Promise<boolean> {
  const { host, port, adminUser: user, adminPassword: password } = testInfra().mysql;
  const source = { host, port, user, password };
  const compare = async () =>
    audit(
      answers,
      await readLogOf(source, 'orderflow_inventory'),
      await readLogOf(source, 'orderflow_orders'),
    );
  await eventually(async () => (await compare()).orders.undecided === 0, 'every order is decided', {
    intervalMs: 1_000,
  });
  const books = await compare();
  const failed = [...answers, ...reads].filter(({ status }) => status === 0 || status >= 500);
  console.log('orders by status (0: the connection broke):', countStatuses(answers));
  console.log('reads by status:', countStatuses(reads));
  console.log('orders in the log:', books.orders);
  console.log(`${failed.length} requests failed, ${books.breaches.length} breaches`);
  for (const { status, text } of failed.slice(0, 10)) console.log(`  ${status} ${text}`);
  for (const breach of books.breaches.slice(0, 50)) console.log(`  ${breach}`);
  return failed.length === 0 && books.breaches.length === 0;
}
