// An order: its events, its state, and how the one gives the other.
import type {
  OrderId,
  ProductId,
  RejectionReason,
  UserId,
} from '@orderflow/shared/contracts/ids.ts';

/** What is asked of one product. An order names each product once. */
export interface RequestedLine {
  readonly productId: ProductId;
  readonly quantity: number;
}

/** What is known of a line once inventory has reserved it. */
export interface LineReservation {
  /** What was available of the product right after the reservation. */
  readonly availableQuantity: number;
  /** When that was: the time in inventory's own event. */
  readonly stockChangedAt: string;
  /** The id and uuid of the user's cart line for this product, if this order turns out to be its first. */
  readonly cartLineId: number;
  readonly cartLineUuid: string;
}

export type ConfirmedLine = RequestedLine & LineReservation;

export interface OrderRequested {
  readonly type: 'OrderRequested';
  readonly data: {
    readonly orderId: OrderId;
    readonly userId: UserId;
    readonly lines: readonly RequestedLine[];
    /** Tells a repeated request from another one under the same id (promise P7), without keeping its body. */
    readonly requestHmac: string;
    readonly at: string;
  };
}

/** One line of several has its stock; others are still awaited. The last one's answer is OrderConfirmed itself. */
export interface OrderLineReserved {
  readonly type: 'OrderLineReserved';
  readonly data: LineReservation & {
    readonly orderId: OrderId;
    readonly lineIndex: number;
    readonly at: string;
  };
}

export interface OrderConfirmed {
  readonly type: 'OrderConfirmed';
  readonly data: {
    readonly orderId: OrderId;
    readonly userId: UserId;
    readonly lines: readonly ConfirmedLine[];
    readonly at: string;
  };
}

export interface OrderRejected {
  readonly type: 'OrderRejected';
  readonly data: {
    readonly orderId: OrderId;
    readonly userId: UserId;
    readonly lines: readonly RequestedLine[];
    /** The line that could not be had. The others are given back. */
    readonly rejectedLineIndex: number;
    readonly reason: RejectionReason;
    readonly at: string;
  };
}

export type OrderEvent = OrderRequested | OrderLineReserved | OrderConfirmed | OrderRejected;

/** An order that waits for inventory: per line its reservation, or `undefined` while it is not there. */
export interface RequestedOrder {
  readonly status: 'requested';
  readonly orderId: OrderId;
  readonly userId: UserId;
  readonly lines: readonly RequestedLine[];
  readonly requestHmac: string;
  readonly reservations: readonly (LineReservation | undefined)[];
}

/** A decided order has no way back; all that is asked of it is whether a request repeats it. */
export interface DecidedOrder {
  readonly status: 'confirmed' | 'rejected';
  readonly requestHmac: string;
}

export type OrderState = { readonly status: 'absent' } | RequestedOrder | DecidedOrder;

export const initialOrder: OrderState = { status: 'absent' };

/** The stream that an order's events stand in. */
export function orderStream(orderId: OrderId): string {
  return `order-${orderId}`;
}

/** The state after an event. Throws if the event is no legal transition: such a log was not written by `decide`. */
export function evolveOrder(state: OrderState, event: OrderEvent): OrderState {
  switch (event.type) {
    case 'OrderRequested':
      return requested(state, event);
    case 'OrderLineReserved': {
      const { lineIndex, availableQuantity, stockChangedAt, cartLineId, cartLineUuid } = event.data;
      const order = undecided(state, event);
      const reservation = { availableQuantity, stockChangedAt, cartLineId, cartLineUuid };
      return { ...order, reservations: order.reservations.with(lineIndex, reservation) };
    }
    case 'OrderConfirmed':
      return { status: 'confirmed', requestHmac: undecided(state, event).requestHmac };
    case 'OrderRejected':
      return { status: 'rejected', requestHmac: undecided(state, event).requestHmac };
  }
}

function requested(state: OrderState, { data }: OrderRequested): RequestedOrder {
  if (state.status !== 'absent') throw new Error(`Order ${data.orderId} was requested twice`);
  const { orderId, userId, lines, requestHmac } = data;
  const reservations = lines.map(() => undefined);
  return { status: 'requested', orderId, userId, lines, requestHmac, reservations };
}

function undecided(state: OrderState, event: OrderEvent): RequestedOrder {
  if (state.status === 'requested') return state;
  throw new Error(`${event.type} of order ${event.data.orderId}, which is ${state.status}`);
}
