// Every decided order with what became of it, and the cart lines that confirmed orders add up to. One projection with two
// tables: an order's answer shows its cart line as it was right after that very order, so both rows are folded together.
// An order's row is written once, by its decision: until then its stream, two or three events, is answer enough, and a
// row at the request would have to be locked, read and written again a moment later.
import { EntitySchema } from 'typeorm';
import { z } from 'zod';
import {
  orderIdSchema,
  rejectionReasonSchema,
  userIdSchema,
  type OrderId,
  type UserId,
} from '@orderflow/shared/contracts/ids.ts';
import type { EventStore } from '@orderflow/shared/eventstore/eventStore.ts';
import type {
  Projection,
  ReadModelTable,
  Row,
  RowKey,
  Rows,
  TableChanges,
} from '@orderflow/shared/eventstore/projection.ts';
import { projectionOf } from '@orderflow/shared/eventstore/projectionOf.ts';
import { queryRows } from '@orderflow/shared/runtime/database.ts';
import type { Queryable } from '@orderflow/shared/runtime/transaction.ts';
import {
  evolveOrder,
  initialOrder,
  orderStream,
  type OrderConfirmed,
  type OrderEvent,
  type OrderRejected,
  type RequestedOrder,
} from '../domain/order.ts';
import { addToCart, cartLinesTable } from './cartLines.ts';
import { parseLines, type OrderLineView } from './orderLines.ts';

export type { OrderLineView } from './orderLines.ts';

const ordersTable: ReadModelTable = {
  name: 'orders',
  key: ['order_id'],
  columns: ['order_id', 'user_id', 'status', 'reason', 'order_lines', 'decided_at'],
};

export const ordersEntity = new EntitySchema({
  name: 'orders',
  columns: {
    order_id: { type: 'char', length: 36, primary: true },
    user_id: { type: 'bigint', unsigned: true },
    status: { type: 'varchar', length: 16 },
    reason: { type: 'varchar', length: 32, nullable: true },
    // JSON, kept as text: 50 lines at most.
    order_lines: { type: 'text' },
    // Written, and read as text, by builds before the row came with the decision; they may still run.
    requested_at: { type: 'char', length: 24, default: '' },
    decided_at: { type: 'char', length: 24, nullable: true },
  },
});

const orderRow = z.object({
  order_id: orderIdSchema,
  user_id: userIdSchema,
  status: z.enum(['confirmed', 'rejected']),
  reason: rejectionReasonSchema.nullable(),
  order_lines: z.string(),
  decided_at: z.string(),
});

const orderView = orderRow.transform((row) => ({
  orderId: row.order_id,
  userId: row.user_id,
  status: row.status,
  reason: row.reason,
  lines: parseLines(row.order_lines),
  decidedAt: row.decided_at,
}));

/** A decided order. */
export type OrderView = z.output<typeof orderView>;

/** An order at any time. */
export interface TrackedOrder {
  readonly orderId: OrderId;
  readonly userId: UserId;
  readonly status: 'requested' | OrderView['status'];
  readonly reason: OrderView['reason'];
  readonly lines: readonly OrderLineView[];
  readonly requestedAt: string;
  readonly decidedAt: string | null;
}

/** The orders that rows of this process's own folds were made of: to answer them, nothing need be parsed. */
const foldedOrders = new WeakMap<Row, OrderView>();

const ownProjection: Projection<OrderEvent> = {
  name: 'orders',
  tables: [ordersTable, cartLinesTable],
  rowsOf(event) {
    if (event.type === 'OrderRequested' || event.type === 'OrderLineReserved') return [];
    // Orders are decided once. (A row that an earlier build wrote at the request is met by the insert, and then read.)
    const order: RowKey = { table: ordersTable.name, key: [event.data.orderId], isNew: true };
    if (event.type === 'OrderRejected') return [order];
    const { userId, lines } = event.data;
    return [
      order,
      ...lines.map(({ productId }) => ({ table: cartLinesTable.name, key: [userId, productId] })),
    ];
  },
  apply(event, rows) {
    switch (event.type) {
      case 'OrderRequested':
      case 'OrderLineReserved':
        return;
      case 'OrderConfirmed':
        confirm(event, rows);
        return;
      case 'OrderRejected':
        rejectOrder(event, rows);
        return;
    }
  },
};

const OWN_EVENTS: Readonly<Record<OrderEvent['type'], true>> = {
  OrderRequested: true,
  OrderLineReserved: true,
  OrderConfirmed: true,
  OrderRejected: true,
};

/** Folds the orders' own events into `orders` and `cart_lines`. */
export const ordersProjection = projectionOf(OWN_EVENTS, ownProjection);

function confirm({ data }: OrderConfirmed, rows: Rows): void {
  const { userId, at } = data;
  const lines = data.lines.map((line): OrderLineView => {
    const { productId, quantity, availableQuantity, stockChangedAt } = line;
    const cartLine = addToCart(rows, { ...line, userId, at });
    return {
      productId,
      quantity,
      status: 'confirmed',
      availableQuantity,
      stockChangedAt,
      cartLine,
    };
  });
  put(rows, {
    orderId: data.orderId,
    userId,
    status: 'confirmed',
    reason: null,
    lines,
    decidedAt: at,
  });
}

function rejectOrder({ data }: OrderRejected, rows: Rows): void {
  const lines = data.lines.map((line, index): OrderLineView => ({
    ...line,
    status: index === data.rejectedLineIndex ? 'rejected' : 'withdrawn',
  }));
  const { orderId, userId, reason, at } = data;
  put(rows, { orderId, userId, status: 'rejected', reason, lines, decidedAt: at });
}

function put(rows: Rows, order: OrderView): void {
  const row = {
    order_id: order.orderId,
    user_id: order.userId,
    status: order.status,
    reason: order.reason,
    order_lines: JSON.stringify(order.lines),
    decided_at: order.decidedAt,
  };
  rows.put(ordersTable.name, row);
  foldedOrders.set(row, order);
}

/** The decided orders whose rows a commit has written, of those that are wanted. */
export function decidedOrders(
  changes: readonly TableChanges[],
  isWanted: (orderId: OrderId) => boolean,
): readonly OrderView[] {
  return changes
    .filter(({ table }) => table.name === ordersTable.name)
    .flatMap(({ inserted, updated }) => [...inserted, ...updated])
    .map((row) => foldedOrders.get(row) ?? orderView.parse(row))
    .filter(({ orderId }) => isWanted(orderId));
}

/** What can be asked about orders. Each throws a retryable AppError when the database cannot be reached. */
export interface OrderQueries {
  find(orderId: OrderId): Promise<TrackedOrder | undefined>;
  /** Those of the orders that are decided. */
  findDecided(orderIds: readonly OrderId[]): Promise<readonly OrderView[]>;
}

// A row that an earlier build wrote at the request may still stand there undecided.
const SELECT_DECIDED = `SELECT ${ordersTable.columns.join(', ')} FROM orders
  WHERE status <> 'requested' AND order_id IN (?)`;

/** The queries on the service's own database, and on its log for orders that are not decided. */
export function createOrderQueries(
  database: Queryable,
  readStreams: EventStore<OrderEvent>['readStreams'],
): OrderQueries {
  const findDecided = (orderIds: readonly OrderId[]): Promise<OrderView[]> =>
    orderIds.length === 0
      ? Promise.resolve([])
      : queryRows(database, orderView, SELECT_DECIDED, [orderIds]);
  return {
    findDecided,
    async find(orderId) {
      const streamId = orderStream(orderId);
      // The stream first: what it says is decided has its row. The other way round, a decision in between had neither.
      const past = (await readStreams([streamId])).get(streamId);
      const [first] = past ?? [];
      if (past === undefined || first === undefined) return undefined;
      const requestedAt = first.event.data.at;
      const state = past.reduce((before, { event }) => evolveOrder(before, event), initialOrder);
      if (state.status === 'requested') return { ...undecided(state), requestedAt };
      const [decided] = await findDecided([orderId]);
      if (decided === undefined) throw new Error(`Order ${orderId} is decided, but has no row`);
      return { ...decided, requestedAt };
    },
  };
}

function undecided(order: RequestedOrder): Omit<TrackedOrder, 'requestedAt'> {
  const { orderId, userId, status } = order;
  const lines = order.lines.map((line, index): OrderLineView => ({
    ...line,
    status: order.reservations[index] === undefined ? 'requested' : 'reserved',
  }));
  return { orderId, userId, status, reason: null, lines, decidedAt: null };
}
