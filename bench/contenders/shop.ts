// The tables of the contenders that are one process on one schema, and what the benchmark does with them itself.
import { randomBytes, randomUUID } from 'node:crypto';
import path from 'node:path';
import type { Pool, RowDataPacket } from 'mysql2/promise';
import { CHECKOUT } from '../../local/places.ts';
import { STOP_RANK } from '../../local/process/pidFiles.ts';
import { freePorts } from '../../local/process/probes.ts';
import type { Ground } from '../ground.ts';
import { startMeasured } from '../processes.ts';
import type { Books, Contender, ProductBook, RunningContender } from './contender.ts';

const HOST = '127.0.0.1';
const ROWS_PER_INSERT = 1_000;
const OPTIONS = 'ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin';

const TABLES = [
  `CREATE TABLE users (
    id BIGINT UNSIGNED NOT NULL AUTO_INCREMENT PRIMARY KEY,
    uuid CHAR(36) NOT NULL,
    email VARCHAR(255) NOT NULL UNIQUE,
    created_at DATETIME(3) NOT NULL DEFAULT CURRENT_TIMESTAMP(3),
    updated_at DATETIME(3) NOT NULL DEFAULT CURRENT_TIMESTAMP(3),
    deleted_at DATETIME(3) NULL
  ) ${OPTIONS}`,
  `CREATE TABLE products (
    id BIGINT UNSIGNED NOT NULL AUTO_INCREMENT PRIMARY KEY,
    uuid CHAR(36) NOT NULL,
    name VARCHAR(255) NOT NULL UNIQUE,
    count INT NOT NULL,
    created_at DATETIME(3) NOT NULL DEFAULT CURRENT_TIMESTAMP(3),
    updated_at DATETIME(3) NOT NULL DEFAULT CURRENT_TIMESTAMP(3),
    deleted_at DATETIME(3) NULL
  ) ${OPTIONS}`,
  `CREATE TABLE carts (
    id BIGINT UNSIGNED NOT NULL AUTO_INCREMENT PRIMARY KEY,
    uuid CHAR(36) NOT NULL,
    user_id BIGINT UNSIGNED NOT NULL,
    inventory_id BIGINT UNSIGNED NOT NULL,
    count INT NOT NULL,
    created_at DATETIME(3) NOT NULL DEFAULT CURRENT_TIMESTAMP(3),
    updated_at DATETIME(3) NOT NULL DEFAULT CURRENT_TIMESTAMP(3),
    deleted_at DATETIME(3) NULL,
    UNIQUE KEY uq_carts (user_id, inventory_id),
    FOREIGN KEY (user_id) REFERENCES users (id)
  ) ${OPTIONS}`,
];

/** One row an order: the demo has none of these. */
const PLACED_ORDERS = `CREATE TABLE placed_orders (
    id BIGINT UNSIGNED NOT NULL AUTO_INCREMENT PRIMARY KEY,
    uuid CHAR(36) NOT NULL,
    user_id BIGINT UNSIGNED NOT NULL,
    inventory_id BIGINT UNSIGNED NOT NULL,
    created_at DATETIME(3) NOT NULL DEFAULT CURRENT_TIMESTAMP(3)
  ) ${OPTIONS}`;

/** What differs between these contenders. */
export interface ShopKind extends Omit<Contender, 'start'> {
  /** The process, from the root of the checkout. */
  readonly program: string;
  /** Keeps one row an order, beside the carts. */
  readonly hasOrderRows: boolean;
  /** Run after the tables are there. */
  readonly moreStatements?: readonly string[];
}

/** A contender of one process on one schema. */
export function asContender(kind: ShopKind): Contender {
  return { ...kind, start: (ground, poolSize) => startShop(kind, ground, poolSize) };
}

async function startShop(
  kind: ShopKind,
  ground: Ground,
  poolSize: number,
): Promise<RunningContender> {
  const database = `bench_${randomBytes(4).toString('hex')}`;
  const { admin, mysql, places } = ground;
  await createTables(admin, database, kind);
  const [port = 0] = await freePorts(1);
  const started = await startMeasured(
    {
      name: kind.name,
      command: process.execPath,
      args: [kind.program],
      cwd: CHECKOUT,
      env: {
        ...ground.settings.inherited,
        PORT: String(port),
        MYSQL_HOST: mysql.host,
        MYSQL_PORT: String(mysql.port),
        MYSQL_USER: mysql.user,
        MYSQL_PASSWORD: mysql.password,
        MYSQL_DATABASE: database,
        MYSQL_POOL_SIZE: String(poolSize),
        VARIANT: kind.variant,
        // What a production setting is for Express.
        NODE_ENV: 'production',
      },
      logFile: path.join(places.logDir, `${kind.name}.log`),
      runDir: places.runDir,
      stopRank: STOP_RANK.gateway,
    },
    `http://${HOST}:${port}/readyz`,
    ground,
  );
  return {
    address: { host: HOST, port },
    processes: [started],
    seedUsers: (count) => seedRows(admin, database, 'users', ['email'], count, (n) => [`u${n}`]),
    seedProducts: (count, stock) =>
      seedRows(admin, database, 'products', ['name', 'count'], count, (n) => [`p${n}`, stock]),
    readBooks: (productIds) => readBooks(admin, database, kind, productIds),
    close: async () => {
      await started.stop();
      await admin.query(`DROP DATABASE IF EXISTS ${database}`);
    },
  };
}

async function createTables(admin: Pool, database: string, kind: ShopKind): Promise<void> {
  const connection = await admin.getConnection();
  try {
    await connection.query(`CREATE DATABASE ${database}`);
    await connection.query(`USE ${database}`);
    const tables = kind.hasOrderRows ? [...TABLES, PLACED_ORDERS] : TABLES;
    for (const statement of [...tables, ...(kind.moreStatements ?? [])])
      await connection.query(statement);
  } finally {
    // It stands in a database now that the next user of the pool does not expect.
    connection.destroy();
  }
}

async function seedRows(
  admin: Pool,
  database: string,
  table: 'users' | 'products',
  columns: readonly string[],
  count: number,
  valuesOf: (name: string) => readonly unknown[],
): Promise<number[]> {
  const [last] = await admin.query<RowDataPacket[]>(
    `SELECT COALESCE(MAX(id), 0) AS id FROM ${database}.${table}`,
  );
  for (let done = 0; done < count; done += ROWS_PER_INSERT) {
    const rows = Array.from({ length: Math.min(ROWS_PER_INSERT, count - done) }, () => {
      const uuid = randomUUID();
      return [uuid, ...valuesOf(uuid)];
    });
    const sql = `INSERT INTO ${database}.${table} (uuid, ${columns.join(', ')}) VALUES ?`;
    await admin.query(sql, [rows]);
  }
  const [made] = await admin.query<RowDataPacket[]>(
    `SELECT id FROM ${database}.${table} WHERE id > ? ORDER BY id`,
    [Number(last[0]?.id)],
  );
  return made.map((row) => Number(row.id));
}

async function readBooks(
  admin: Pool,
  database: string,
  kind: ShopKind,
  productIds: readonly number[],
): Promise<Books> {
  const sums = async (sql: string): Promise<Map<number, number>> => {
    const [rows] = await admin.query<RowDataPacket[]>(sql, [productIds]);
    return new Map(rows.map((row) => [Number(row.id), Number(row.amount)]));
  };
  const available = await sums(
    `SELECT id, count AS amount FROM ${database}.products WHERE id IN (?)`,
  );
  const inCarts = await sums(
    `SELECT inventory_id AS id, SUM(count) AS amount FROM ${database}.carts
      WHERE inventory_id IN (?) GROUP BY inventory_id`,
  );
  const confirmed = kind.hasOrderRows
    ? await sums(
        `SELECT inventory_id AS id, COUNT(*) AS amount FROM ${database}.placed_orders
          WHERE inventory_id IN (?) GROUP BY inventory_id`,
      )
    : inCarts;
  const bookOf = (id: number): ProductBook => ({
    available: available.get(id) ?? 0,
    confirmed: confirmed.get(id) ?? 0,
    inCarts: inCarts.get(id) ?? 0,
  });
  return { products: new Map(productIds.map((id) => [id, bookOf(id)])), faults: [] };
}
