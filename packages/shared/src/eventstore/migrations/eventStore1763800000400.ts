// What an operator wishes about a parked message stands beside it.
import type { MigrationInterface, QueryRunner } from 'typeorm';

/** Adds the columns. Processes of the earlier build name the columns that they write, and leave these empty. */
export class EventStore1763800000400 implements MigrationInterface {
  readonly name = 'EventStore1763800000400';

  async up(queryRunner: QueryRunner): Promise<void> {
    // One statement, which is done or not; if the process died before it was recorded, it is done already.
    if (await queryRunner.hasColumn('parked_messages', 'wish')) return;
    await queryRunner.query(`ALTER TABLE parked_messages
      ADD COLUMN wish VARCHAR(8) NOT NULL DEFAULT '', ADD COLUMN answer VARCHAR(2000) NOT NULL DEFAULT '',
      ADD INDEX ix_parked_messages_wish (consumer, wish)`);
  }

  async down(queryRunner: QueryRunner): Promise<void> {
    await queryRunner.query(`ALTER TABLE parked_messages
      DROP INDEX ix_parked_messages_wish, DROP COLUMN wish, DROP COLUMN answer`);
  }
}
