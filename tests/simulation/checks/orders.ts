// P3: every order gets exactly one decision, the one that inventory's answers lead to.
import {
  orderIdSchema,
  rejectionReasonSchema,
  type OrderId,
  type RejectionReason,
} from '@orderflow/shared/contracts/ids.ts';
import type { OrderEvent } from '../../../services/orders/src/domain/order.ts';
import type { LoggedMessage } from '../rest.ts';
import type { Shop } from '../shop.ts';
import { z } from 'zod';

const lineAnswer = z.object({
  orderId: orderIdSchema,
  line: z.object({ index: z.number() }),
  availableQuantity: z.number(),
});

const rejection = z.object({ reason: rejectionReasonSchema });

/** What inventory has said about the lines of an order, and orders has heard. */
interface Heard {
  /** By line: what was available after it. */
  readonly reserved: Map<number, number>;
  /** By line: why. */
  readonly rejected: Map<number, RejectionReason>;
}

/** Every breach concerning orders. `answers`: the messages of inventory.v1 that orders has handled. */
export function checkOrders({ databases }: Shop, answers: readonly LoggedMessage[]): string[] {
  const events = databases.orders.memory.contents.log.map(({ recorded }) => recorded.event);
  const streams = Map.groupBy(events, ({ data }) => data.orderId);
  const heard = hear(answers);
  const breaches: string[] = [];
  for (const orderId of heard.keys())
    if (!streams.has(orderId)) breaches.push(`P3: inventory decided ${orderId}, unknown to orders`);
  for (const [orderId, stream] of streams)
    breaches.push(...checkOrder(orderId, stream, heard.get(orderId)));
  return breaches;
}

function hear(answers: readonly LoggedMessage[]): Map<OrderId, Heard> {
  const heard = new Map<OrderId, Heard>();
  for (const { type, data } of answers) {
    if (type !== 'StockReserved' && type !== 'StockRejected') continue;
    const { orderId, line, availableQuantity } = lineAnswer.parse(data);
    const each = heard.get(orderId) ?? nothingHeard();
    heard.set(orderId, each);
    if (type === 'StockReserved') each.reserved.set(line.index, availableQuantity);
    else each.rejected.set(line.index, rejection.parse(data).reason);
  }
  return heard;
}

function nothingHeard(): Heard {
  return { reserved: new Map(), rejected: new Map() };
}

function checkOrder(
  orderId: OrderId,
  stream: readonly OrderEvent[],
  heard: Heard = nothingHeard(),
): string[] {
  const types = stream.map(({ type }) => type).join(', ');
  const [first, ...rest] = stream;
  if (first?.type !== 'OrderRequested') return [`P3: order ${orderId} begins with ${types}`];
  const last = rest.at(-1);
  const lines = first.data.lines.length;
  const breaches: string[] = [];
  for (const event of rest)
    if (event.type === 'OrderRequested' || (event !== last && event.type !== 'OrderLineReserved'))
      breaches.push(`P3: order ${orderId} goes through ${types}`);
  const expected =
    heard.rejected.size > 0
      ? 'OrderRejected'
      : heard.reserved.size === lines
        ? 'OrderConfirmed'
        : 'undecided';
  const found =
    last?.type === 'OrderConfirmed' || last?.type === 'OrderRejected' ? last.type : 'undecided';
  if (found !== expected)
    breaches.push(`P3: order ${orderId} is ${found}, and should be ${expected}`);
  if (last?.type === 'OrderRejected') {
    const { rejectedLineIndex, reason } = last.data;
    const said = heard.rejected.get(rejectedLineIndex) ?? 'reserved';
    if (said !== reason)
      breaches.push(
        `P3: order ${orderId} is told ${reason} of line ${rejectedLineIndex}, and not ${said}`,
      );
  }
  if (last?.type === 'OrderConfirmed')
    for (const [index, { availableQuantity }] of last.data.lines.entries())
      if (heard.reserved.get(index) !== availableQuantity)
        breaches.push(`P5: order ${orderId}, line ${index}, was told of ${availableQuantity} left`);
  return breaches;
}
