// `npm run races`: 2,000 users race for a stock of 500, again and again, on the servers that the environment names, or on
// the containers of docker-compose.yml. Ends with code 1 unless each race sold exactly 500 and the logs agree with every answer.
import { parseArgs } from 'node:util';
import { createClient } from '../stack/client.ts';
import { addProduct, countStatuses, placeOrder, registerUsers } from '../stack/shop.ts';
import { startCompose, startProcesses } from './raceStack.ts';

const BUYERS = 2_000;
const STOCK = 500;

const { values } = parseArgs({
  options: {
    times: { type: 'string', default: '10' },
    stack: { type: 'string', default: 'processes' },
    scale: { type: 'string', default: '' },
    secure: { type: 'boolean', default: false },
  },
});
const times = Number(values.times);
const scale = Object.fromEntries(
  values.scale
    .split(',')
    .filter((part) => part !== '')
    .map((part) => part.split('='))
    .map(([name = '', count]) => [name, Number(count)]),
);
if (
  !Number.isInteger(times) ||
  times < 1 ||
  !['compose', 'processes'].includes(values.stack) ||
  (values.stack === 'processes' && (values.scale !== '' || values.secure)) ||
  !Object.values(scale).every((count) => Number.isInteger(count) && count >= 1)
)
  throw new Error(
    'Usage: npm run races -- [--times N] [--stack processes]\n' +
      '       npm run races -- [--times N] --stack compose [--secure] [--scale inventory=3,orders=2]',
  );

const stack = await (values.stack === 'compose'
  ? startCompose(scale, values.secure)
  : startProcesses());
const client = createClient(stack.gatewayUrl);
try {
  const userIds = await registerUsers(client.call, BUYERS);
  let exact = 0;
  for (let race = 1; race <= times; race += 1) {
    const productId = await addProduct(client.call, `race ${race}`, STOCK);
    const startedAt = performance.now();
    const answers = await Promise.all(
      userIds.map((userId) => placeOrder(client.call, { userId, productId })),
    );
    const seconds = (performance.now() - startedAt) / 1_000;
    const { breaches, products } = await stack.audit(answers);
    const book = products.get(productId);
    const statuses = countStatuses(answers);
    const isExact =
      statuses[200] === STOCK &&
      statuses[409] === BUYERS - STOCK &&
      book?.sold === STOCK &&
      book.available === 0 &&
      breaches.length === 0;
    if (isExact) exact += 1;
    console.log(
      `race ${race}: ${JSON.stringify(statuses)}, sold ${book?.sold ?? 0}, left ${book?.available ?? 0}, ` +
        `${breaches.length} breaches, ${seconds.toFixed(1)} s`,
    );
  }
  console.log(`${exact} of ${times} races sold exactly ${STOCK}`);
  process.exitCode = exact === times ? 0 : 1;
} finally {
  client.close();
  await stack.close();
}
