// Orderflow's books: what its logs say was reserved and confirmed, beside what its read models show.
import type { Pool, RowDataPacket } from 'mysql2/promise';
import { eventually } from '@orderflow/shared/testing/eventually.ts';
import { audit } from '../../../tests/books/audit.ts';
import { readLogOf } from '../../../tests/books/logs.ts';
import type { Ground } from '../../ground.ts';
import type { Books, ProductBook } from '../contender.ts';

const REST_LIMIT_MS = 300_000;
const LOOK_MS = 300;
/** Longer logs are not audited event by event: that would take minutes and gigabytes. */
const AUDIT_LIMIT_EVENTS = 100_000;

/** The services' databases. */
export interface OrderflowDatabases {
  readonly users: string;
  readonly inventory: string;
  readonly orders: string;
}

/**
 * Reads the books once every order is decided and every order that was asked for has reached inventory. The log of orders
 * says what is confirmed, that of inventory what was reserved for it, the read models what is left and what lies in carts.
 * While the logs are short they are audited event by event as well.
 */
export async function readOrderflowBooks(
  ground: Ground,
  databases: OrderflowDatabases,
  productIds: readonly number[],
): Promise<Books> {
  const { admin } = ground;
  const { inventory, orders } = databases;
  const countUndecided = createUndecidedCounter(admin, orders);
  await eventually(async () => (await countUndecided()) === 0, 'every order is decided', {
    timeoutMs: REST_LIMIT_MS,
    intervalMs: LOOK_MS,
  });
  const amounts = (sql: string) => amountsById(admin, sql, productIds);
  const available = await amounts(
    `SELECT product_id AS id, available_quantity AS amount FROM ${inventory}.products WHERE product_id IN (?)`,
  );
  const inCarts = await amounts(
    `SELECT product_id AS id, SUM(confirmed_order_count) AS amount FROM ${orders}.cart_lines
      WHERE product_id IN (?) GROUP BY product_id`,
  );
  const confirmed = await amounts(
    `SELECT id, COUNT(*) AS amount FROM (
        SELECT CAST(JSON_VALUE(data, '$.lines[0].productId') AS UNSIGNED) AS id
        FROM ${orders}.events WHERE type = 'OrderConfirmed') AS decided
      WHERE id IN (?) GROUP BY id`,
  );
  const reserved = await amounts(
    `SELECT id, COUNT(*) AS amount FROM (
        SELECT CAST(JSON_VALUE(data, '$.productId') AS UNSIGNED) AS id
        FROM ${inventory}.events WHERE type = 'StockReserved') AS decided
      WHERE id IN (?) GROUP BY id`,
  );
  const bookOf = (id: number): ProductBook => ({
    available: available.get(id) ?? 0,
    confirmed: confirmed.get(id) ?? 0,
    inCarts: inCarts.get(id) ?? 0,
  });
  const differences = productIds
    .filter((id) => (reserved.get(id) ?? 0) !== (confirmed.get(id) ?? 0))
    .map((id) => {
      const [held, sold] = [reserved.get(id) ?? 0, confirmed.get(id) ?? 0];
      return `product ${id}: inventory reserved ${held}, orders confirmed ${sold}`;
    });
  return {
    products: new Map(productIds.map((id) => [id, bookOf(id)])),
    faults: [...differences, ...(await auditShortLogs(ground, databases))],
  };
}

async function auditShortLogs(
  { admin, mysql }: Ground,
  { inventory, orders }: OrderflowDatabases,
): Promise<readonly string[]> {
  const [heads] = await admin.query<RowDataPacket[]>(
    `SELECT last_position FROM ${inventory}.log_head UNION ALL
      SELECT last_position FROM ${orders}.log_head`,
  );
  const events = heads.reduce((sum, row) => sum + Number(row.last_position), 0);
  if (events > AUDIT_LIMIT_EVENTS) return [];
  const [inventoryLog, ordersLog] = [
    await readLogOf(mysql, inventory),
    await readLogOf(mysql, orders),
  ];
  // Without answers: these are compared with the books by whoever counted them.
  return audit([], inventoryLog, ordersLog).breaches;
}

/** Counts undecided orders, reading only what was logged since it last looked: the log is long while it is waited for. */
export function createUndecidedCounter(admin: Pool, orders: string): () => Promise<number> {
  let undecided = 0;
  let position = 0;
  return async () => {
    const [rows] = await admin.query<RowDataPacket[]>(
      `SELECT COALESCE(SUM(type = 'OrderRequested'), 0) AS requested,
          COALESCE(SUM(type IN ('OrderConfirmed', 'OrderRejected')), 0) AS decided,
          COALESCE(MAX(position), 0) AS position
        FROM ${orders}.events WHERE position > ?`,
      [position],
    );
    const [row] = rows;
    undecided += Number(row?.requested) - Number(row?.decided);
    position = Math.max(position, Number(row?.position));
    return undecided;
  };
}

async function amountsById(
  admin: Pool,
  sql: string,
  productIds: readonly number[],
): Promise<Map<number, number>> {
  const [rows] = await admin.query<RowDataPacket[]>(sql, [productIds]);
  return new Map(rows.map((row) => [Number(row.id), Number(row.amount)]));
}
