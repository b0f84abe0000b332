// Snapshots of long streams. They can be deleted at any time: all that is in them follows from the log.
import type { MigrationInterface, QueryRunner } from 'typeorm';

/** Makes the table. */
export class EventStore1763800000300 implements MigrationInterface {
  readonly name = 'EventStore1763800000300';

  async up(queryRunner: QueryRunner): Promise<void> {
    await queryRunner.query(`CREATE TABLE IF NOT EXISTS snapshots (
      stream_id VARCHAR(100) NOT NULL,
      version INT UNSIGNED NOT NULL,
      hash BINARY(32) NOT NULL,
      state_schema_version INT UNSIGNED NOT NULL,
      state MEDIUMTEXT NOT NULL,
      PRIMARY KEY (stream_id)
    ) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin`);
  }

  async down(queryRunner: QueryRunner): Promise<void> {
    await queryRunner.query('DROP TABLE snapshots');
  }
}
