// The verdict on a stack at rest: what the clients were told against the logs, and the read models against the folds.
import { createConnection, type RowDataPacket } from 'mysql2/promise';
import { eventually } from '@orderflow/shared/testing/eventually.ts';
import { readLogOf, type LogSource, type LoggedEvent } from '../books/logs.ts';
import type { InfraAccess } from '../../local/infra/infra.ts';
import type { Audit } from '../books/audit.ts';
import { auditLogsAtRest } from '../stack/shop.ts';
import { orderflowVerify } from './orderflowVerify.ts';
import { contradictions, type Witness } from './witness.ts';

const REST_LIMIT_MS = 120_000;

/** Every breach in words (none: all is well), and how many orders the log has. */
export interface Verdict {
  readonly breaches: readonly string[];
  readonly orders: number;
}

/** Waits until no order is undecided, then judges, twice. `access`: an administrator's, who may read all schemas. */
export async function verifyStack(access: InfraAccess, witness: Witness): Promise<Verdict> {
  const { host, port, adminUser: user = '', adminPassword: password = '' } = access.mysql;
  const source = { host, port, user, password };
  const readLog = (service: string) => readLogOf(source, `orderflow_${service}`);
  await untilDecided(source);
  const books = await auditLogsAtRest(readLog, witness.orders, REST_LIMIT_MS);
  const users = await readLog('users');
  return {
    orders: books.orders.requested,
    breaches: [
      ...books.breaches,
      ...contradictions(witness),
      ...missing('User', witness.userIds, idsIn(users, 'UserRegistered', 'userId')),
      ...missing('Product', witness.productIds, new Set(books.products.keys())),
      ...(await contradictingRows(source, books)),
      ...(await parkedMessages(source)),
      ...(await orderflowVerify(access)),
    ],
  };
}

/**
 * By a count of the database's, until the logs are read whole, once. Every way between services and servers is a proxy of this
 * process: where it parsed tens of thousands of events at each look, the ways stood still so long that members lost
 * their groups, and on a busy machine nothing was decided between two looks.
 */
async function untilDecided(source: LogSource): Promise<void> {
  const look = async () => {
    const [counts] = await queryAll(
      source,
      `SELECT COALESCE(SUM(type = 'OrderRequested') - SUM(type IN ('OrderConfirmed', 'OrderRejected')), 0) AS undecided
        FROM orderflow_orders.events`,
    );
    return Number(counts?.undecided) === 0;
  };
  const options = { timeoutMs: REST_LIMIT_MS, intervalMs: 500 };
  await eventually(look, 'every order is decided', options);
}

function idsIn(log: readonly LoggedEvent[], type: string, field: string): Set<number> {
  return new Set(log.filter((event) => event.type === type).map(({ data }) => Number(data[field])));
}

function missing(what: string, told: ReadonlySet<number>, there: ReadonlySet<number>): string[] {
  return [...told]
    .filter((id) => !there.has(id))
    .map((id) => `${what} ${id} was answered 200, the log does not know it`);
}

/** The rows of the products and of the carts must be what the events add up to. */
async function contradictingRows(source: LogSource, books: Audit): Promise<string[]> {
  const products = await queryAll(
    source,
    `SELECT product_id AS id, available_quantity AS available, held_quantity AS held, sold_quantity AS sold
      FROM orderflow_inventory.products`,
  );
  const carts = await queryAll(
    source,
    `SELECT COALESCE(SUM(confirmed_order_count), 0) AS confirmed FROM orderflow_orders.cart_lines`,
  );
  const rows = new Map(products.map((row) => [Number(row.id), row]));
  const wrong = [...books.products].flatMap(([id, book]) => {
    const row = rows.get(id);
    const isRight = (['available', 'held', 'sold'] as const).every(
      (column) => Number(row?.[column]) === book[column],
    );
    if (isRight) return [];
    return [`The row of product ${id} is ${JSON.stringify(row)}, its fold ${JSON.stringify(book)}`];
  });
  const inCarts = Number(carts[0]?.confirmed);
  const confirmed = books.orders.confirmed;
  if (rows.size !== books.products.size)
    wrong.push(`There are ${rows.size} rows of products, the log has ${books.products.size}`);
  if (inCarts !== confirmed)
    wrong.push(`The carts hold ${inCarts} confirmed orders, the log ${confirmed}`);
  return wrong;
}

/** Nothing that happens here makes a message poison: one that was parked is a bug. */
async function parkedMessages(source: LogSource): Promise<string[]> {
  const found: string[] = [];
  for (const service of ['inventory', 'orders']) {
    const rows = await queryAll(
      source,
      `SELECT message_key, reason FROM orderflow_${service}.parked_messages LIMIT 10`,
    );
    for (const row of rows)
      found.push(`${service} parked a message of ${row.message_key}: ${row.reason}`);
  }
  return found;
}

async function queryAll(source: LogSource, sql: string): Promise<RowDataPacket[]> {
  const connection = await createConnection(source);
  try {
    const [rows] = await connection.query<RowDataPacket[]>(sql);
    return rows;
  } finally {
    await connection.end();
  }
}
