// Orders that wait while a transaction is under way go into the next one together.

/** Most orders of one transaction. */
const BATCH_LIMIT = 500;

/** Places one order, in company. */
export type Enqueue<Order, Outcome> = (order: Order) => Promise<Outcome>;

interface Waiting<Order, Outcome> {
  readonly order: Order;
  readonly resolve: (outcome: Outcome) => void;
  readonly reject: (error: unknown) => void;
}

/**
 * Gives the queue in front of `decide`, which decides many orders in one transaction and gives their outcomes in order; at
 * most `workers` transactions are under way. Where it rejects, all of its orders do.
 */
export function createBatches<Order, Outcome>(
  decide: (orders: readonly Order[]) => Promise<readonly Outcome[]>,
  workers: number,
): Enqueue<Order, Outcome> {
  const queue: Waiting<Order, Outcome>[] = [];
  let underWay = 0;
  const work = async () => {
    const batch = queue.splice(0, BATCH_LIMIT);
    try {
      const outcomes = await decide(batch.map(({ order }) => order));
      batch.forEach(({ resolve, reject }, index) => {
        const outcome = outcomes[index];
        if (outcome === undefined) reject(new Error('An order has no outcome'));
        else resolve(outcome);
      });
    } catch (error) {
      for (const { reject } of batch) reject(error);
    }
  };
  const next = () => {
    if (underWay >= workers || queue.length === 0) return;
    underWay += 1;
    void work().finally(() => {
      underWay -= 1;
      next();
    });
  };
  return (order) =>
    new Promise((resolve, reject) => {
      queue.push({ order, resolve, reject });
      next();
    });
}
