// The log head's fence: what makes an append fail that a server may still hold unread (logHead.ts).
import type { MigrationInterface, QueryRunner } from 'typeorm';

/** Adds the column. Processes of the version before neither read nor write it. */
export class EventStore1763800000600 implements MigrationInterface {
  readonly name = 'EventStore1763800000600';

  async up(queryRunner: QueryRunner): Promise<void> {
    // It can run twice, as MySQL commits every DDL; MySQL has no ADD COLUMN IF NOT EXISTS.
    if (await queryRunner.hasColumn('log_head', 'fence')) return;
    await queryRunner.query(
      'ALTER TABLE log_head ADD COLUMN fence BIGINT UNSIGNED NOT NULL DEFAULT 0',
    );
  }

  async down(queryRunner: QueryRunner): Promise<void> {
    await queryRunner.query('ALTER TABLE log_head DROP COLUMN fence');
  }
}
