// Kafka's data folder is lost while orders wait: MySQL is the truth, so nothing is lost with it, and nothing is doubled (P9).
import { startKafka, type KafkaCluster } from '../../local/embedded/kafkaCluster.ts';
import type { Audit, ClientAnswer } from '../books/audit.ts';
import { createClient } from '../stack/client.ts';
import { orderflow } from '../stack/command.ts';
import {
  addProduct,
  auditAtRest,
  countStatuses,
  placeOrder,
  registerUsers,
} from '../stack/shop.ts';
import { startStack, type Stack } from '../stack/stack.ts';

const WAITING = 200;
const STOCK = 120;

describe('when Kafka has lost everything while orders wait', () => {
  let kafka: KafkaCluster;
  let stack: Stack;
  let client: ReturnType<typeof createClient>;
  let userIds: number[];
  let productId = 0;
  let answers: ClientAnswer[];

  beforeAll(async () => {
    kafka = await startKafka();
    // Orders whose decision has to wait are answered 202 at once.
    stack = await startStack({ KAFKA_BROKERS: kafka.brokers.join(','), ORDER_WAIT_MS: '500' });
    client = createClient(stack.gatewayUrl);
    userIds = await registerUsers(client.call, WAITING);
  }, 180_000);

  afterAll(async () => {
    client.close();
    await stack.close();
    await kafka.stop();
  }, 120_000);

  beforeEach(async () => {
    answers = [];
    productId = await addProduct(client.call, `camera after ${productId}`, STOCK);
    await order(10);
    // Accepted and sent, and nobody is there to decide them.
    await stack.service('inventory').stop();
    await order(WAITING);
    expect(countStatuses(answers.slice(-WAITING))).toEqual({ 202: WAITING });
  }, 120_000);

  async function order(count: number): Promise<void> {
    const placed = userIds
      .slice(0, count)
      .map((userId) => placeOrder(client.call, { userId, productId }));
    answers.push(...(await Promise.all(placed)));
  }

  async function expectExactBooks(): Promise<void> {
    const books: Audit = await auditAtRest(stack, answers);
    expect(books.breaches).toEqual([]);
    expect(books.products.get(productId)).toMatchObject({
      ...{ added: STOCK, sold: STOCK, available: 0, held: 0 },
      ...{ reserved: STOCK, rejected: answers.length - STOCK },
    });
  }

  it('all orders are decided once, without anybody’s help', async () => {
    await kafka.nodes[0]?.wipe();
    await stack.service('inventory').start();
    await expectExactBooks();
    // And it goes on as before.
    await order(5);
    await expectExactBooks();
  }, 240_000);

  it('all orders are decided once after `orderflow refill`', async () => {
    await kafka.nodes[0]?.wipe();
    const told = await orderflow(stack, 'refill');
    expect(told).toMatchObject({
      topics: ['users.v1', 'inventory.v1', 'orders.v1'].map((topic) => ({
        topic: `${stack.topicPrefix}${topic}`,
        partitions: Array.from({ length: 12 }, (_, partition) => partition),
      })),
    });
    await stack.service('inventory').start();
    await expectExactBooks();
  }, 240_000);
});
