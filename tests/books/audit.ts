// Compares what clients were told with what the logs say. Reads the logs only: no read model, no code of the services.
import { z } from 'zod';
import type { LoggedEvent } from './logs.ts';

/** An order as its client saw it. `status` 0: no answer came. */
export interface ClientAnswer {
  readonly orderId: string | undefined;
  readonly status: number;
  readonly text: string;
}

/** What one product's stream adds up to. */
export interface ProductBook {
  added: number;
  available: number;
  held: number;
  sold: number;
  reserved: number;
  rejected: number;
}

/** The result: every breach in words (none: all is well), and the figures. */
export interface Audit {
  readonly breaches: readonly string[];
  readonly products: ReadonlyMap<number, ProductBook>;
  /** Each order's decision, by id; undefined: none yet. */
  readonly decisions: ReadonlyMap<string, string | undefined>;
  readonly orders: { requested: number; confirmed: number; rejected: number; undecided: number };
}

const stockData = z.object({
  productId: z.number(),
  orderId: z.string().optional(),
  quantity: z.number(),
  sold: z.boolean().optional(),
  availableQuantity: z.number().optional(),
});
const orderData = z.object({ orderId: z.string() });

/** Checks answers against the logs of inventory and orders, at rest: nothing may be under way any more. */
export function audit(
  answers: readonly ClientAnswer[],
  inventoryLog: readonly LoggedEvent[],
  ordersLog: readonly LoggedEvent[],
): Audit {
  const breaches: string[] = [...gaps('inventory', inventoryLog), ...gaps('orders', ordersLog)];
  const { products, decisions } = readInventory(inventoryLog, breaches);
  const orders = readOrders(ordersLog, breaches);
  for (const [orderId, order] of orders) {
    if (order.decision === undefined) breaches.push(`Order ${orderId} is undecided`);
    const lines = decisions.get(orderId) ?? [];
    if (order.decision === 'OrderConfirmed' && !lines.includes('StockReserved'))
      breaches.push(`Order ${orderId} is confirmed, but no stock was reserved for it`);
    if (order.decision === 'OrderRejected' && !lines.includes('StockRejected'))
      breaches.push(`Order ${orderId} is rejected, but inventory did not reject it`);
    if (lines.length > order.lineCount)
      breaches.push(`Inventory decided order ${orderId} ${lines.length} times`);
  }
  for (const orderId of decisions.keys())
    if (!orders.has(orderId))
      breaches.push(`Inventory decided order ${orderId}, unknown to orders`);
  for (const answer of answers) breaches.push(...judgeAnswer(answer, orders));
  const count = (decision: string | undefined) =>
    [...orders.values()].filter((order) => order.decision === decision).length;
  return {
    breaches,
    products,
    decisions: new Map([...orders].map(([orderId, { decision }]) => [orderId, decision])),
    orders: {
      requested: orders.size,
      confirmed: count('OrderConfirmed'),
      rejected: count('OrderRejected'),
      undecided: count(undefined),
    },
  };
}

type OrderBook = { decision: string | undefined; lineCount: number };

function judgeAnswer(answer: ClientAnswer, orders: ReadonlyMap<string, OrderBook>): string[] {
  const { orderId, status } = answer;
  if (status !== 200 && status !== 202 && status !== 409) return [];
  if (orderId === undefined) {
    // Whoever is not known has no order; every other decision is one about an order.
    const isRefused = status === 409 && answer.text.includes('No user exists');
    return isRefused ? [] : [`An answer ${status} names no order: ${answer.text}`];
  }
  const decision = orders.get(orderId)?.decision;
  if (status === 200 && decision !== 'OrderConfirmed')
    return [`Order ${orderId} was answered 200, the log says ${decision ?? 'nothing'}`];
  if (status === 202 && !orders.has(orderId))
    return [`Order ${orderId} was answered 202, the log does not know it`];
  if (status === 409 && decision !== 'OrderRejected')
    return [`Order ${orderId} was answered 409, the log says ${decision ?? 'nothing'}`];
  return [];
}

function gaps(name: string, log: readonly LoggedEvent[]): string[] {
  const at = log.findIndex((event, index) => event.position !== index + 1);
  return at < 0 ? [] : [`The log of ${name} has a gap before position ${log[at]?.position ?? 0}`];
}

function readInventory(log: readonly LoggedEvent[], breaches: string[]) {
  const products = new Map<number, ProductBook>();
  const decisions = new Map<string, string[]>();
  for (const event of log) {
    const data = stockData.parse(event.data);
    const none = { added: 0, available: 0, held: 0, sold: 0, reserved: 0, rejected: 0 };
    const book = products.get(data.productId) ?? none;
    products.set(data.productId, book);
    apply(book, event.type, data);
    if (event.type === 'StockReserved' || event.type === 'StockRejected') {
      const orderId = data.orderId ?? '';
      decisions.set(orderId, [...(decisions.get(orderId) ?? []), event.type]);
    }
    const where = `product ${data.productId} at version ${event.version}`;
    if (book.available < 0) breaches.push(`Oversold: ${where}: available ${book.available}`);
    if (book.added !== book.available + book.held + book.sold)
      breaches.push(`Not conserved: ${where}: ${JSON.stringify(book)}`);
    if (data.availableQuantity !== undefined && data.availableQuantity !== book.available)
      breaches.push(
        `${where} says ${data.availableQuantity} available, the fold ${book.available}`,
      );
  }
  return { products, decisions };
}

function apply(book: ProductBook, type: string, data: z.infer<typeof stockData>): void {
  const { quantity } = data;
  if (type === 'ProductAdded') {
    book.added += quantity;
    book.available += quantity;
  } else if (type === 'StockReserved') {
    book.reserved += 1;
    book.available -= quantity;
    if (data.sold === true) book.sold += quantity;
    else book.held += quantity;
  } else if (type === 'StockRejected') {
    book.rejected += 1;
  } else if (type === 'StockReleased') {
    book.held -= quantity;
    book.available += quantity;
  } else if (type === 'StockSold') {
    book.held -= quantity;
    book.sold += quantity;
  } else throw new Error(`The audit does not know ${type}`);
}

function readOrders(log: readonly LoggedEvent[], breaches: string[]): Map<string, OrderBook> {
  const orders = new Map<string, OrderBook>();
  for (const event of log) {
    const { orderId } = orderData.parse(event.data);
    const order = orders.get(orderId);
    if (event.type === 'OrderRequested') {
      if (order !== undefined) breaches.push(`Order ${orderId} was requested twice`);
      const { lines } = z.object({ lines: z.array(z.unknown()) }).parse(event.data);
      orders.set(orderId, { decision: undefined, lineCount: lines.length });
    } else if (order === undefined) {
      breaches.push(`${event.type} of order ${orderId}, which nobody requested`);
    } else if (event.type !== 'OrderLineReserved') {
      if (order.decision !== undefined) breaches.push(`Order ${orderId} was decided twice`);
      order.decision = event.type;
    }
  }
  return orders;
}
