// The orders service's tables beside the event store's.
import type { MigrationInterface, QueryRunner } from 'typeorm';

const OPTIONS = 'ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin';

const STATEMENTS = [
  `CREATE TABLE IF NOT EXISTS orders (
    order_id CHAR(36) NOT NULL,
    user_id BIGINT UNSIGNED NOT NULL,
    status VARCHAR(16) NOT NULL,
    reason VARCHAR(32) NULL,
    order_lines TEXT NOT NULL,
    requested_at CHAR(24) NOT NULL,
    decided_at CHAR(24) NULL,
    PRIMARY KEY (order_id)
  ) ${OPTIONS}`,
  // The key's order serves the one question that is asked: all lines of a user.
  `CREATE TABLE IF NOT EXISTS cart_lines (
    user_id BIGINT UNSIGNED NOT NULL,
    product_id BIGINT UNSIGNED NOT NULL,
    cart_line_id BIGINT UNSIGNED NOT NULL,
    uuid CHAR(36) NOT NULL,
    confirmed_order_count INT UNSIGNED NOT NULL,
    created_at CHAR(24) NOT NULL,
    updated_at CHAR(24) NOT NULL,
    PRIMARY KEY (user_id, product_id),
    CONSTRAINT uq_cart_lines_cart_line_id UNIQUE (cart_line_id)
  ) ${OPTIONS}`,
  `CREATE TABLE IF NOT EXISTS products (
    product_id BIGINT UNSIGNED NOT NULL,
    uuid CHAR(36) NOT NULL,
    name VARCHAR(255) NOT NULL,
    available_quantity INT UNSIGNED NOT NULL,
    created_at CHAR(24) NOT NULL,
    updated_at CHAR(24) NOT NULL,
    PRIMARY KEY (product_id)
  ) ${OPTIONS}`,
  `CREATE TABLE IF NOT EXISTS known_users (
    user_id BIGINT UNSIGNED NOT NULL,
    registered_at CHAR(24) NOT NULL,
    PRIMARY KEY (user_id)
  ) ${OPTIONS}`,
];

/** Makes the read models of orders and what it knows of the others. */
export class Orders1763800000100 implements MigrationInterface {
  readonly name = 'Orders1763800000100';

  async up(runner: QueryRunner): Promise<void> {
    for (const statement of STATEMENTS) await runner.query(statement);
  }

  async down(runner: QueryRunner): Promise<void> {
    for (const table of ['known_users', 'products', 'cart_lines', 'orders'])
      await runner.query(`DROP TABLE ${table}`);
  }
}
