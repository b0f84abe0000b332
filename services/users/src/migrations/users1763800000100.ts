// The users service's tables beside the event store's.
import type { MigrationInterface, QueryRunner } from 'typeorm';

const OPTIONS = 'ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin';

const STATEMENTS = [
  `CREATE TABLE IF NOT EXISTS users (
    user_id BIGINT UNSIGNED NOT NULL,
    uuid CHAR(36) NOT NULL,
    created_at CHAR(24) NOT NULL,
    updated_at CHAR(24) NOT NULL,
    PRIMARY KEY (user_id)
  ) ${OPTIONS}`,
  `CREATE TABLE IF NOT EXISTS user_personal_data (
    user_id BIGINT UNSIGNED NOT NULL,
    email VARCHAR(255) NOT NULL,
    email_key VARCHAR(512) NOT NULL,
    PRIMARY KEY (user_id),
    CONSTRAINT uq_user_personal_data_email_key UNIQUE (email_key)
  ) ${OPTIONS}`,
];

/** Makes the read model `users` and the vault. */
export class Users1763800000100 implements MigrationInterface {
  readonly name = 'Users1763800000100';

  async up(runner: QueryRunner): Promise<void> {
    for (const statement of STATEMENTS) await runner.query(statement);
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('DROP TABLE user_personal_data');
    await runner.query('DROP TABLE users');
  }
}
