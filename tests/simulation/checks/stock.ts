// P1, P2, P4 and P5 for stock: the books of each product, and what a shop with one clerk would have decided.
import type { RejectionReason } from '@orderflow/shared/contracts/ids.ts';
import { formatPlace } from '@orderflow/shared/messaging/chain.ts';
import type { LoggedMessage } from '../rest.ts';
import type { Handled } from './handled.ts';
import type { Shop } from '../shop.ts';
import type { OrdersMessage } from '@orderflow/shared/contracts/orders.ts';
import { parseMessage } from '@orderflow/shared/messaging/parseMessage.ts';
import { ordersMessageSchemas } from '@orderflow/shared/contracts/orders.ts';
import type { ProductEvent } from '../../../services/inventory/src/domain/product.ts';

/** What a shop decides about one line, as text. */
type Decision = string;
/** What a shop is asked; who has asked in vain, because it could not be handled, is told so in his turn. */
type Request = OrdersMessage & { readonly isDropped: boolean };

/**
 * The shop with one clerk: requests of one product, one after the other. `stock` is undefined until the product is added,
 * which happens after `addedAfter` decisions.
 */
function clerk(
  messages: readonly Request[],
  added: { readonly quantity: number; readonly after: number } | undefined,
): Decision[] {
  const decisions: Decision[] = [];
  const held = new Map<string, number>();
  let available: number | undefined;
  const add = (): void => {
    if (added?.after === decisions.length) available ??= added.quantity;
  };
  for (const { type, data, isDropped } of messages) {
    add();
    const line = `${data.orderId}/${data.line.index}`;
    const kept = held.get(line) ?? 0;
    if (type === 'OrderRequested') {
      const { quantity } = data;
      const refusal = refusalOf(quantity, available, isDropped);
      if (refusal !== undefined || available === undefined) {
        decisions.push(`StockRejected ${line} ${quantity} ${available ?? 0} ${refusal ?? ''}`);
        continue;
      }
      available -= quantity;
      if (data.line.of > 1) held.set(line, quantity);
      decisions.push(`StockReserved ${line} ${quantity} ${available}`);
    } else if (kept > 0 && available !== undefined) {
      if (type === 'OrderRejected') available += kept;
      held.delete(line);
      const name = type === 'OrderRejected' ? 'StockReleased' : 'StockSold';
      decisions.push(`${name} ${line} ${kept} ${available}`);
    }
  }
  return decisions;
}

function refusalOf(
  quantity: number,
  available: number | undefined,
  isDropped: boolean,
): RejectionReason | undefined {
  if (isDropped) return 'request_dropped';
  if (available === undefined) return 'unknown_product';
  return quantity > available ? 'out_of_stock' : undefined;
}

/** Every breach concerning stock. The messages are those of orders.v1 that inventory has handled or given up. */
export function checkStock({ databases }: Shop, { handled, dropped }: Handled): string[] {
  const events = databases.inventory.memory.contents.log.map(({ recorded }) => recorded.event);
  const streams = Map.groupBy(events, ({ data }) => data.productId);
  const requests = handled.map((message): Request => {
    return { ...parsed(message), isDropped: dropped.has(formatPlace(message.place)) };
  });
  const messages = Map.groupBy(requests, ({ data }) => data.productId);
  const breaches = requests
    .filter(({ type, isDropped }) => isDropped && type !== 'OrderRequested')
    .map(({ type, data }) => `P2: ${type} of ${data.orderId} was given up`);
  for (const productId of new Set([...streams.keys(), ...messages.keys()])) {
    const stream = streams.get(productId) ?? [];
    breaches.push(...booksOf(productId, stream));
    const after = stream.findIndex(({ type }) => type === 'ProductAdded');
    const found = stream.flatMap((event) => (event.type === 'ProductAdded' ? [] : [textOf(event)]));
    const addition = stream[after];
    const added = addition === undefined ? undefined : { quantity: quantityOf(addition), after };
    const expected = clerk(messages.get(productId) ?? [], added);
    const at = expected.findIndex((decision, index) => decision !== found[index]);
    if (at >= 0 || found.length > expected.length) {
      const index = at >= 0 ? at : expected.length;
      breaches.push(
        `P4/P5: product ${productId}, decision ${index}: ${found[index] ?? 'none'}, ` +
          `and should be ${expected[index] ?? 'none'}`,
      );
    }
  }
  return breaches;
}

function parsed(message: LoggedMessage): OrdersMessage {
  const inbound = { ...message, id: '', source: '', prev: message.place, correlationId: '' };
  const given = parseMessage(ordersMessageSchemas, inbound);
  if (given === undefined) throw new Error(`Orders publishes no ${message.type}`);
  return given;
}

function quantityOf({ data }: ProductEvent): number {
  return data.quantity;
}

function textOf(event: Exclude<ProductEvent, { type: 'ProductAdded' }>): Decision {
  const { orderId, line, quantity, availableQuantity } = event.data;
  const text = `${event.type} ${orderId}/${line.index} ${quantity} ${availableQuantity}`;
  return event.type === 'StockRejected' ? `${text} ${event.data.reason}` : text;
}

/** P1 and P2: at every version nothing below zero, and nothing lost or made. */
function booksOf(productId: number, stream: readonly ProductEvent[]): string[] {
  const breaches: string[] = [];
  const book = { added: 0, available: 0, held: 0, sold: 0 };
  for (const [index, event] of stream.entries()) {
    const { quantity } = event.data;
    switch (event.type) {
      case 'ProductAdded':
        book.added += quantity;
        book.available += quantity;
        break;
      case 'StockReserved':
        book.available -= quantity;
        book[event.data.sold ? 'sold' : 'held'] += quantity;
        break;
      case 'StockReleased':
        book.held -= quantity;
        book.available += quantity;
        break;
      case 'StockSold':
        book.held -= quantity;
        book.sold += quantity;
        break;
      case 'StockRejected':
        break;
    }
    const { added, available, held, sold } = book;
    if (available < 0 || held < 0)
      breaches.push(`P1: product ${productId} at version ${index + 1}: ${JSON.stringify(book)}`);
    if (added !== available + held + sold)
      breaches.push(`P2: product ${productId} at version ${index + 1}: ${JSON.stringify(book)}`);
  }
  return breaches;
}
