// Every order with what became of it, and the cart lines that confirmed orders add up to. One projection with two tables:
// an order's answer shows its cart line as it was right after that very order, so both rows are folded together.
import { EntitySchema } from 'typeorm';
import { z } from 'zod';
import {
  orderIdSchema,
  productIdSchema,
  userIdSchema,
  type OrderId,
} from '@orderflow/shared/contracts/ids.ts';
import type {
  Projection,
  ReadModelTable,
  RowKey,
  Rows,
} from '@orderflow/shared/eventstore/projection.ts';
import { projectionOf } from '@orderflow/shared/eventstore/projectionOf.ts';
import { queryRows, type Queryable } from '@orderflow/shared/runtime/database.ts';
import type {
  OrderConfirmed,
  OrderEvent,
  OrderLineReserved,
  OrderRejected,
  OrderRequested,
} from '../domain/order.ts';
import { addToCart, cartLinesTable } from './cartLines.ts';

const ordersTable: ReadModelTable = {
  name: 'orders',
  key: ['order_id'],
  columns: ['order_id', 'user_id', 'status', 'reason', 'order_lines', 'requested_at', 'decided_at'],
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
    requested_at: { type: 'char', length: 24 },
    decided_at: { type: 'char', length: 24, nullable: true },
  },
});

const orderLineSchema = z.object({
  productId: productIdSchema,
  quantity: z.int(),
  /** `withdrawn`: this line could have been had, or was not decided yet, when another one was rejected. */
  status: z.enum(['requested', 'reserved', 'confirmed', 'rejected', 'withdrawn']),
  availableQuantity: z.int().optional(),
  stockChangedAt: z.string().optional(),
  /** The user's cart line for the product, right after this order was confirmed. */
  cartLine: z
    .object({
      id: z.int(),
      uuid: z.string(),
      confirmedOrderCount: z.int(),
      createdAt: z.string(),
    })
    .optional(),
});

const orderRow = z.object({
  order_id: orderIdSchema,
  user_id: userIdSchema,
  status: z.enum(['requested', 'confirmed', 'rejected']),
  reason: z.enum(['unknown_product', 'out_of_stock']).nullable(),
  order_lines: z.string(),
  requested_at: z.string(),
  decided_at: z.string().nullable(),
});

/** One line of an order, as it stands. */
export type OrderLineView = z.output<typeof orderLineSchema>;

const orderView = orderRow.transform((row) => ({
  orderId: row.order_id,
  userId: row.user_id,
  status: row.status,
  reason: row.reason,
  lines: parseLines(row.order_lines),
  requestedAt: row.requested_at,
  decidedAt: row.decided_at,
}));

/** An order, as it stands. */
export type OrderView = z.output<typeof orderView>;

function parseLines(json: string): OrderLineView[] {
  return z.array(orderLineSchema).parse(JSON.parse(json));
}

const ownProjection: Projection<OrderEvent> = {
  name: 'orders',
  tables: [ordersTable, cartLinesTable],
  rowsOf(event) {
    const order: RowKey = { table: ordersTable.name, key: [event.data.orderId] };
    if (event.type !== 'OrderConfirmed') return [order];
    const { userId, lines } = event.data;
    return [
      order,
      ...lines.map(({ productId }) => ({ table: cartLinesTable.name, key: [userId, productId] })),
    ];
  },
  apply(event, rows) {
    switch (event.type) {
      case 'OrderRequested':
        request(event, rows);
        return;
      case 'OrderLineReserved':
        reserveLine(event, rows);
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

function request({ data }: OrderRequested, rows: Rows): void {
  const lines = data.lines.map((line): OrderLineView => ({ ...line, status: 'requested' }));
  rows.put(ordersTable.name, {
    order_id: data.orderId,
    user_id: data.userId,
    status: 'requested',
    reason: null,
    order_lines: JSON.stringify(lines),
    requested_at: data.at,
    decided_at: null,
  });
}

function reserveLine({ data }: OrderLineReserved, rows: Rows): void {
  const row = rowOf(rows, data.orderId);
  const { availableQuantity, stockChangedAt, lineIndex } = data;
  const lines = parseLines(row.order_lines).map((line, index): OrderLineView =>
    index === lineIndex ? { ...line, status: 'reserved', availableQuantity, stockChangedAt } : line,
  );
  rows.put(ordersTable.name, { ...row, order_lines: JSON.stringify(lines) });
}

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
  rows.put(ordersTable.name, {
    ...rowOf(rows, data.orderId),
    status: 'confirmed',
    order_lines: JSON.stringify(lines),
    decided_at: at,
  });
}

function rejectOrder({ data }: OrderRejected, rows: Rows): void {
  const lines = data.lines.map((line, index): OrderLineView => ({
    ...line,
    status: index === data.rejectedLineIndex ? 'rejected' : 'withdrawn',
  }));
  rows.put(ordersTable.name, {
    ...rowOf(rows, data.orderId),
    status: 'rejected',
    reason: data.reason,
    order_lines: JSON.stringify(lines),
    decided_at: data.at,
  });
}

function rowOf(rows: Rows, orderId: OrderId): z.output<typeof orderRow> {
  return orderRow.parse(rows.get(ordersTable.name, orderId));
}

/** What can be asked about orders. Each throws a retryable AppError when the database cannot be reached. */
export interface OrderQueries {
  find(orderId: OrderId): Promise<OrderView | undefined>;
  /** Those of the orders that are decided. */
  findDecided(orderIds: readonly OrderId[]): Promise<readonly OrderView[]>;
}

const SELECT_ORDERS = `SELECT ${ordersTable.columns.join(', ')} FROM orders`;

/** The queries on the service's own database. */
export function createOrderQueries(database: Queryable): OrderQueries {
  return {
    async find(orderId) {
      const sql = `${SELECT_ORDERS} WHERE order_id = ?`;
      return (await queryRows(database, orderView, sql, [orderId]))[0];
    },
    async findDecided(orderIds) {
      if (orderIds.length === 0) return [];
      const sql = `${SELECT_ORDERS} WHERE order_id IN (?) AND status <> 'requested'`;
      return queryRows(database, orderView, sql, [orderIds]);
    },
  };
}
