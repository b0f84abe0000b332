// The rules of an order: it is its own process manager, and the one arbiter of what becomes of it.
import type { OrderId, RejectionReason, UserId } from '@orderflow/shared/contracts/ids.ts';
import {
  accept,
  reject,
  type Decider,
  type Decision,
} from '@orderflow/shared/eventstore/decider.ts';
import {
  evolveOrder,
  initialOrder,
  type ConfirmedLine,
  type LineReservation,
  type OrderEvent,
  type OrderState,
  type RequestedLine,
  type RequestedOrder,
} from './order.ts';

export interface RequestOrder {
  readonly type: 'RequestOrder';
  readonly orderId: OrderId;
  readonly userId: UserId;
  /** One per product, see `sumLines`. */
  readonly lines: readonly RequestedLine[];
  readonly requestHmac: string;
  readonly at: string;
}

/** Inventory has reserved a line. The ids are for the cart line, should this order be the user's first of the product. */
export interface RecordLineReserved extends LineReservation {
  readonly type: 'RecordLineReserved';
  readonly lineIndex: number;
  readonly at: string;
}

/** Inventory has refused a line. */
export interface RecordLineRejected {
  readonly type: 'RecordLineRejected';
  readonly lineIndex: number;
  readonly reason: RejectionReason;
  readonly at: string;
}

export type OrderCommand = RequestOrder | RecordLineReserved | RecordLineRejected;

/** The id belongs to another request: an Idempotency-Key was used again with another body. */
export type OrderRejection = 'id_taken_by_another_request';

/** The decider of an order's stream. */
export const orderDecider: Decider<OrderState, OrderCommand, OrderEvent, OrderRejection> = {
  initialState: initialOrder,
  decide: decideOrder,
  evolve: evolveOrder,
};

function decideOrder(
  command: OrderCommand,
  state: OrderState,
): Decision<OrderEvent, OrderRejection> {
  switch (command.type) {
    case 'RequestOrder':
      return request(command, state);
    case 'RecordLineReserved':
      return accept(...recordReserved(command, state));
    case 'RecordLineRejected':
      return accept(...recordRejected(command, state));
  }
}

/** One line per product, in the order in which the products are first named, with the sum of their quantities. */
export function sumLines(lines: readonly RequestedLine[]): readonly RequestedLine[] {
  const sums = new Map<RequestedLine['productId'], number>();
  for (const { productId, quantity } of lines)
    sums.set(productId, (sums.get(productId) ?? 0) + quantity);
  return [...sums].map(([productId, quantity]) => ({ productId, quantity }));
}

/** A repeated request has no second effect; its answer is the first one's (promise P7). */
function request(command: RequestOrder, state: OrderState): Decision<OrderEvent, OrderRejection> {
  const { orderId, userId, lines, requestHmac, at } = command;
  if (state.status === 'absent')
    return accept({ type: 'OrderRequested', data: { orderId, userId, lines, requestHmac, at } });
  return state.requestHmac === requestHmac ? accept() : reject('id_taken_by_another_request');
}

/** All lines reserved: confirmed. What comes late or twice finds the line recorded, or the order decided: no events. */
function recordReserved(command: RecordLineReserved, state: OrderState): readonly OrderEvent[] {
  const order = awaiting(state, command.lineIndex);
  if (order === undefined) return [];
  const { lineIndex, at, availableQuantity, stockChangedAt, cartLineId, cartLineUuid } = command;
  const { orderId, userId } = order;
  const reservation = { availableQuantity, stockChangedAt, cartLineId, cartLineUuid };
  const lines = confirmedLines(order.lines, order.reservations.with(lineIndex, reservation));
  return lines === undefined
    ? [{ type: 'OrderLineReserved', data: { orderId, lineIndex, ...reservation, at } }]
    : [{ type: 'OrderConfirmed', data: { orderId, userId, lines, at } }];
}

/** One line refused: the whole order is, at once. Lines still under way are released when they hear of it. */
function recordRejected(command: RecordLineRejected, state: OrderState): readonly OrderEvent[] {
  const order = awaiting(state, command.lineIndex);
  if (order === undefined) return [];
  const { orderId, userId, lines } = order;
  const { lineIndex: rejectedLineIndex, reason, at } = command;
  const data = { orderId, userId, lines, rejectedLineIndex, reason, at };
  return [{ type: 'OrderRejected', data }];
}

/** The order, if it still waits for the answer about this line. */
function awaiting(state: OrderState, lineIndex: number): RequestedOrder | undefined {
  if (state.status !== 'requested') return undefined;
  if (lineIndex >= state.lines.length)
    throw new Error(
      `Order ${state.orderId} has no line ${lineIndex}, it has ${state.lines.length}`,
    );
  return state.reservations[lineIndex] === undefined ? state : undefined;
}

/** The lines with their reservations, or `undefined` while one is missing. */
function confirmedLines(
  lines: readonly RequestedLine[],
  reservations: readonly (LineReservation | undefined)[],
): readonly ConfirmedLine[] | undefined {
  const confirmed: ConfirmedLine[] = [];
  for (const [index, { productId, quantity }] of lines.entries()) {
    const reservation = reservations[index];
    if (reservation === undefined) return undefined;
    confirmed.push({ productId, quantity, ...reservation });
  }
  return confirmed;
}
