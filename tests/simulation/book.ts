// What the clients were told, each answer held against the logs at the moment at which it came.
import type { OrderId } from '@orderflow/shared/contracts/ids.ts';
import type { OrderAnswer } from '@orderflow/shared/contracts/orderStream.ts';
import { orderStream } from '../../services/orders/src/domain/order.ts';
import { messageOf, type Outcome, type SentOrder } from './gateway.ts';
import type { Shop } from './shop.ts';

/** Everything that clients have sent under one order id, and what they were told. */
export interface Entry {
  readonly orderId: OrderId;
  readonly sent: SentOrder[];
  readonly outcomes: Outcome[];
  /** The body of the first 200. */
  confirmed: string | undefined;
}

/** The book of a run. */
export interface Book {
  readonly entries: ReadonlyMap<OrderId, Entry>;
  /** Something that clients do at a moment; the run is not over before it is. */
  readonly open: (delayMs: number, act: () => Promise<unknown>) => void;
  readonly isOpen: () => boolean;
  readonly sent: (order: SentOrder) => void;
  readonly accepted: (order: SentOrder) => void;
  readonly answered: (order: SentOrder, outcome: Outcome) => void;
}

/** Opens the book. */
export function accountBook(shop: Shop): Book {
  const { world } = shop;
  const entries = new Map<OrderId, Entry>();
  let open = 0;
  const entryOf = ({ orderId }: SentOrder): Entry => {
    const known = entries.get(orderId);
    if (known !== undefined) return known;
    const entry: Entry = { orderId, sent: [], outcomes: [], confirmed: undefined };
    entries.set(orderId, entry);
    return entry;
  };
  return {
    entries,
    open(delayMs, act) {
      open += 1;
      const close = (): void => {
        open -= 1;
      };
      world.later(delayMs, () => {
        act().then(close, (error: unknown) => {
          close();
          world.breach(`A client failed: ${String(error)}`);
        });
      });
    },
    isOpen: () => open > 0,
    sent: (order) => entryOf(order).sent.push(order),
    accepted(order) {
      if (typesOf(shop, order.orderId).length === 0)
        world.breach(`P3: order ${order.orderId} was called accepted, and is not in the log`);
    },
    answered(order, outcome) {
      const entry = entryOf(order);
      entry.outcomes.push(outcome);
      if (outcome.kind === 'answered') judge(shop, entry, outcome.answer);
    },
  };
}

/** The types of the order's events in the log, at this moment. */
function typesOf({ databases }: Shop, orderId: OrderId): readonly string[] {
  const streamId = orderStream(orderId);
  return databases.orders.memory.contents.log
    .filter(({ recorded }) => recorded.streamId === streamId)
    .map(({ recorded }) => recorded.event.type);
}

/** P3 and P7 for one answer: what a client is told is in the log by then, and is the same each time. */
function judge(shop: Shop, entry: Entry, answer: OrderAnswer): void {
  const { world } = shop;
  const { orderId } = entry;
  const types = typesOf(shop, orderId);
  const told = `order ${orderId} was answered ${answer.status} ${answer.body.slice(0, 80)}`;
  const breach = (promise: string): void => {
    world.breach(`${promise}: ${told}; the log says ${types.join(', ') || 'nothing'}`);
  };
  switch (answer.status) {
    case 200:
      if (!types.includes('OrderConfirmed')) breach('P3');
      if (entry.confirmed !== undefined && entry.confirmed !== answer.body) breach('P7');
      entry.confirmed ??= answer.body;
      return;
    case 202:
      if (!types.includes('OrderRequested')) breach('P3');
      return;
    case 409:
      if (messageOf(answer)?.startsWith('No user') === true) {
        if (types.length > 0) breach('P3');
      } else if (!types.includes('OrderRejected')) breach('P3');
      return;
    case 422:
      // Only for a body that is another one than that which made the order.
      if (types.length === 0 || new Set(entry.sent.map(bodyOf)).size < 2) breach('P7');
      return;
    case 503:
      return;
    default:
      breach('An answer that nobody expects');
  }
}

function bodyOf({ userId, lines }: SentOrder): string {
  return JSON.stringify([userId, lines]);
}
