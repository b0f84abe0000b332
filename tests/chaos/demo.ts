// `npm run demo`: a race for too little stock with kill -9 in the middle, and the same race with the naive algorithm (read the
// stock, then write it back), each judged by its own books. Takes about a minute; ends with code 1 if Orderflow's are wrong.
import { demo as naive } from '../../bench/contenders/demo/demo.ts';
import { startGround, type Ground } from '../../bench/ground.ts';
import { onStopRequest } from '../../local/process/stopRequest.ts';
import { createReport, describeFailure } from '../../local/report.ts';
import { readSettings } from '../../local/settings.ts';
import { createShutdown } from '../../local/shutdown.ts';
import type { ClientAnswer } from '../books/audit.ts';
import { readLogOf } from '../books/logs.ts';
import { createClient, type Call } from '../stack/client.ts';
import { addProduct, auditLogsAtRest, placeOrder, registerUsers } from '../stack/shop.ts';
import { startServices, type Services } from './stack/services.ts';

const BUYERS = 2_000;
const STOCK = 500;
const SOCKETS = 256;
/** Answers after which the two services are killed. */
const KILL_AFTER_ANSWERS = 300;

/** What came of a race. */
interface Race {
  readonly name: string;
  readonly answers: readonly ClientAnswer[];
  readonly seconds: number;
  /** By its own books. */
  readonly sold: number;
  readonly left: number;
  readonly breaches: readonly string[];
}

const report = createReport(process.stdout);
const shutdown = createShutdown(report);
const end = (code: number) =>
  void shutdown.run().then(() => {
    process.exit(code);
  });
onStopRequest(() => {
  end(1);
});
try {
  const ground = await startGround(readSettings(), report, shutdown);
  const races = [await raceOrderflow(ground), await raceNaive(ground)];
  const breaches = races[0]?.breaches ?? [];
  report.print(formatRaces(races));
  for (const breach of breaches) report.print(`BREACH ${breach}`);
  const isRight = breaches.length === 0 && races[0]?.sold === STOCK;
  end(isRight ? 0 : 1);
} catch (error) {
  report.print(describeFailure(error));
  end(1);
}

async function raceOrderflow(ground: Ground): Promise<Race> {
  const { host, port, user, password } = ground.mysql;
  const mysql = { host, port, adminUser: user, adminPassword: password };
  const access = { brokers: ground.brokers, mysql };
  const services = await startServices(() => access, ground.places, ground.settings, {});
  shutdown.add('gateway', services.close);
  const client = createClient(services.gatewayUrl, SOCKETS);
  const userIds = await registerUsers(client.call, BUYERS);
  const productId = await addProduct(client.call, 'drop', STOCK);
  report.step('race', `${BUYERS} buyers for ${STOCK} pieces`);
  const raced = await race(client.call, userIds, productId, () => killTwo(services));
  const books = await auditLogsAtRest(
    (service) => readLogOf(ground.mysql, `orderflow_${service}`),
    raced.answers,
  );
  client.close();
  await services.close();
  const { sold = 0, available: left = 0 } = books.products.get(productId) ?? {};
  return { name: 'Orderflow', ...raced, sold, left, breaches: books.breaches };
}

/** The one that decides and the one that answers die in the middle of it. */
async function killTwo({ of }: Services): Promise<void> {
  report.step('race', 'kill -9 of inventory and orders');
  await Promise.all([of.inventory.kill(), of.orders.kill()]);
}

async function raceNaive(ground: Ground): Promise<Race> {
  const shop = await naive.start(ground, naive.usualPoolSize);
  const client = createClient(`http://${shop.address.host}:${shop.address.port}`, SOCKETS);
  const userIds = await shop.seedUsers(BUYERS);
  const [productId = 0] = await shop.seedProducts(1, STOCK);
  report.step('race', 'the same with read, then write back; nobody is killed');
  const raced = await race(client.call, userIds, productId);
  client.close();
  const book = (await shop.readBooks([productId])).products.get(productId);
  await shop.close();
  const { inCarts: sold = 0, available: left = 0 } = book ?? {};
  return { name: 'read, then write', ...raced, sold, left, breaches: [] };
}

/** Every user orders once, all at once; `inTheMiddle` is called when some are answered. */
async function race(
  call: Call,
  userIds: readonly number[],
  productId: number,
  inTheMiddle: () => Promise<void> = () => Promise.resolve(),
): Promise<Pick<Race, 'answers' | 'seconds'>> {
  const startedAt = performance.now();
  let answered = 0;
  let disturbance: Promise<void> | undefined;
  const answers = await Promise.all(
    userIds.map(async (userId) => {
      const answer = await placeOrder(call, { userId, productId });
      answered += 1;
      if (answered === KILL_AFTER_ANSWERS) disturbance = inTheMiddle();
      return answer;
    }),
  );
  const seconds = (performance.now() - startedAt) / 1_000;
  await disturbance;
  return { answers, seconds };
}

function formatRaces(races: readonly Race[]): string {
  const count = (race: Race, status: number) =>
    race.answers.filter((answer) => answer.status === status).length;
  const rows: readonly (readonly [string, (race: Race) => string | number])[] = [
    ['orders asked for', ({ answers }) => answers.length],
    ['answered 200', (race) => count(race, 200)],
    ['answered 409, sold out', (race) => count(race, 409)],
    ['answered 202, not decided yet', (race) => count(race, 202)],
    [
      'answered otherwise, or not',
      ({ answers }) => answers.filter(({ status }) => ![200, 202, 409].includes(status)).length,
    ],
    ['in stock before', () => STOCK],
    ['sold, by its own books', ({ sold }) => sold],
    ['left, by its own books', ({ left }) => left],
    ['oversold by', ({ sold }) => Math.max(0, sold - STOCK)],
    ['seconds', ({ seconds }) => seconds.toFixed(1)],
  ];
  const line = (title: string, cells: readonly (string | number)[]) =>
    `  ${title.padEnd(30)}${cells.map((cell) => String(cell).padStart(18)).join('')}`;
  return [
    '',
    line(
      '',
      races.map(({ name }) => name),
    ),
    line(
      '',
      races.map(({ name }) => (name === 'Orderflow' ? '2 services killed' : 'nobody killed')),
    ),
    ...rows.map(([title, cell]) => line(title, races.map(cell))),
    '',
    `  Orderflow's answers against its logs: ${races[0]?.breaches.length ?? 0} contradictions.`,
    '',
  ].join('\n');
}
