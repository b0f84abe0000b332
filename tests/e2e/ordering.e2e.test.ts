// Per product, decisions come in the order in which its requests stand in the Kafka partition (promise P4), with
// two owners sharing the partitions and rebalances forced all the while.
import { z } from 'zod';
import { createClient } from '../stack/client.ts';
import { readLogOf } from '../books/logs.ts';
import { readTopic } from '../stack/readTopic.ts';
import { addProduct, auditAtRest, orderUntil, registerUsers } from '../stack/shop.ts';
import { startStack, type Stack } from '../stack/stack.ts';

const PRODUCTS = 20;
const STOCK = 60;
const CLIENTS = 40;
const REBALANCES = 4;

const message = z.object({
  id: z.string(),
  type: z.string(),
  data: z.object({ productId: z.number(), orderId: z.string() }),
});

type Sequences = Record<number, string[]>;

describe('the order of decisions', () => {
  let stack: Stack;
  let client: ReturnType<typeof createClient>;

  beforeAll(async () => {
    stack = await startStack({ ORDER_WAIT_MS: '30000' });
    client = createClient(stack.gatewayUrl);
  }, 120_000);

  afterAll(async () => {
    client.close();
    await stack.close();
  }, 60_000);

  it('is the order of requests in the partition, whoever owns it', async () => {
    const userIds = await registerUsers(client.call, CLIENTS);
    const productIds: number[] = [];
    for (let n = 0; n < PRODUCTS; n += 1)
      productIds.push(await addProduct(client.call, `product ${n}`, STOCK));
    await stack.addReplica('inventory');

    const stop = new AbortController();
    const orders = orderUntil(stop.signal, client.call, { userIds, productIds, stride: 7 });
    for (let turn = 0; turn < REBALANCES; turn += 1) {
      // A third owner takes its share of the partitions from the two at work, then gives it back or just dies.
      const third = await stack.addReplica('inventory');
      if (turn % 2 === 0) await third.stop();
      else await third.kill();
    }
    stop.abort();
    const answers = (await orders).flat();

    const books = await auditAtRest(stack, answers);
    expect(books.breaches).toEqual([]);
    const requested = await requestsInKafka(stack);
    expect(await decisionsInLog(stack)).toEqual(requested);
    expect(Object.values(requested).flat().length).toBe(books.orders.requested);
    expect(Object.keys(requested)).toHaveLength(PRODUCTS);
  }, 300_000);
});

/** Per product, the orders as they were requested: the first time that each message stands in its partition. */
async function requestsInKafka(stack: Stack): Promise<Sequences> {
  const seen = new Set<string>();
  const sequences: Sequences = {};
  for (const record of await readTopic(stack.infra.brokers, `${stack.topicPrefix}orders.v1`)) {
    const { id, type, data } = message.parse(JSON.parse(record.value));
    if (type !== 'OrderRequested' || seen.has(id)) continue;
    seen.add(id);
    (sequences[data.productId] ??= []).push(data.orderId);
  }
  return sequences;
}

/** Per product, the orders as inventory decided them. */
async function decisionsInLog(stack: Stack): Promise<Sequences> {
  const { host, port, adminUser, adminPassword } = stack.infra.mysql;
  const source = { host, port, user: adminUser, password: adminPassword };
  const sequences: Sequences = {};
  for (const event of await readLogOf(source, stack.databases.inventory)) {
    if (event.type !== 'StockReserved' && event.type !== 'StockRejected') continue;
    const { productId, orderId } = message.shape.data.parse(event.data);
    (sequences[productId] ??= []).push(orderId);
  }
  return sequences;
}
