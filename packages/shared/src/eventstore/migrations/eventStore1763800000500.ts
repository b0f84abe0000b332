// What of the publishers' earlier incarnations counts, where they were restored from a backup (see messaging/chain.ts).
import type { MigrationInterface, QueryRunner } from 'typeorm';

/** Makes the table. `last_position` says nothing for the newest incarnation, which goes on: it is 0 there. */
export class EventStore1763800000500 implements MigrationInterface {
  readonly name = 'EventStore1763800000500';

  async up(queryRunner: QueryRunner): Promise<void> {
    await queryRunner.query(`CREATE TABLE IF NOT EXISTS publisher_histories (
      topic VARCHAR(249) NOT NULL,
      incarnation INT UNSIGNED NOT NULL,
      last_position BIGINT UNSIGNED NOT NULL,
      PRIMARY KEY (topic, incarnation)
    ) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin`);
  }

  async down(queryRunner: QueryRunner): Promise<void> {
    await queryRunner.query('DROP TABLE publisher_histories');
  }
}
