// The verifier on a system at work: whatever moment its cut shows, nothing is contradictory in it.
import { createClient } from '../stack/client.ts';
import { addProduct, auditAtRest, placeOrder, registerUsers } from '../stack/shop.ts';
import { startStack, type Stack } from '../stack/stack.ts';
import { verifyStack } from '../stack/verifyStack.ts';

const BUYERS = 40;
const ORDERS_EACH = 40;

describe('orderflow verify', () => {
  let stack: Stack;
  let client: ReturnType<typeof createClient>;

  beforeAll(async () => {
    stack = await startStack({ ORDER_WAIT_MS: '60000' });
    client = createClient(stack.gatewayUrl);
  }, 300_000);

  afterAll(async () => {
    client.close();
    await stack.close();
  }, 60_000);

  it('finds no breach in any cut through a system under load, nor at its end', async () => {
    const userIds = await registerUsers(client.call, BUYERS);
    const products = [
      await addProduct(client.call, 'plenty', 10_000),
      await addProduct(client.call, 'few', 100),
    ];
    let open = BUYERS;
    const buy = async (userId: number) => {
      const answers = [];
      for (let number = 0; number < ORDERS_EACH; number += 1) {
        const productId = products[number % 2] ?? 0;
        answers.push(await placeOrder(client.call, { userId, productId }));
      }
      open -= 1;
      return answers;
    };
    const buying = Promise.all(userIds.map(buy));
    const heads = new Set<number>();
    while (open > 0) {
      const { findings, events } = await verifyStack(stack, { live: true });
      expect(findings.breaches).toEqual([]);
      heads.add(events);
    }
    // Each cut was another moment of the same run.
    expect(heads.size).toBeGreaterThan(1);

    const answers = (await buying).flat();
    await auditAtRest(stack, answers);
    const { findings, orders, inFlight, notCompared } = await verifyStack(stack, {
      ...{ live: true, kafka: true },
    });
    expect(findings.breaches).toEqual([]);
    expect(notCompared).toEqual([]);
    expect(inFlight.undecidedOrders).toBe(0);
    const confirmed = answers.filter(({ status }) => status === 200).length;
    expect(orders).toEqual({
      ...{ requested: BUYERS * ORDERS_EACH, confirmed },
      rejected: BUYERS * ORDERS_EACH - confirmed,
    });
  }, 300_000);
});
