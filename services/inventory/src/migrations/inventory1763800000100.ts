// Inventory's table beside the event store's.
import type { MigrationInterface, QueryRunner } from 'typeorm';

/** Makes the read model `products`. */
export class Inventory1763800000100 implements MigrationInterface {
  readonly name = 'Inventory1763800000100';

  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`CREATE TABLE IF NOT EXISTS products (
      product_id BIGINT UNSIGNED NOT NULL,
      uuid CHAR(36) NOT NULL,
      name VARCHAR(255) NOT NULL,
      name_key VARCHAR(512) NOT NULL,
      added_quantity INT UNSIGNED NOT NULL,
      available_quantity INT UNSIGNED NOT NULL,
      held_quantity INT UNSIGNED NOT NULL,
      sold_quantity INT UNSIGNED NOT NULL,
      created_at CHAR(24) NOT NULL,
      updated_at CHAR(24) NOT NULL,
      PRIMARY KEY (product_id),
      CONSTRAINT uq_products_name_key UNIQUE (name_key)
    ) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin`);
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('DROP TABLE products');
  }
}
