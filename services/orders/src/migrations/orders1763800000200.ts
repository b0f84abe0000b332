// Orders' rows are written by their decisions, which do not know when the order was requested: its stream does.
import type { MigrationInterface, QueryRunner } from 'typeorm';

/**
 * Lets `orders.requested_at` be left out: it is empty then. It is not dropped, and rows of undecided orders are not removed:
 * processes of the earlier build may still run beside this one, and write and read both.
 */
export class Orders1763800000200 implements MigrationInterface {
  readonly name = 'Orders1763800000200';

  async up(runner: QueryRunner): Promise<void> {
    await runner.query("ALTER TABLE orders MODIFY requested_at CHAR(24) NOT NULL DEFAULT ''");
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('ALTER TABLE orders MODIFY requested_at CHAR(24) NOT NULL');
  }
}
