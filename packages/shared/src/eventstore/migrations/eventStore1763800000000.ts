// The event store's tables, the same in every service's schema. Plain SQL: it runs alike on MySQL 8/9 and MariaDB 10.11/11.
import type { MigrationInterface, QueryRunner } from 'typeorm';

// Ids compare byte by byte ('user-a' is not 'user-A'): utf8mb4_bin exists on all these servers.
const OPTIONS = 'ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin';

const PLACE = `
  incarnation INT UNSIGNED NOT NULL,
  position BIGINT UNSIGNED NOT NULL,
  part INT UNSIGNED NOT NULL`;

const STATEMENTS = [
  // data and metadata are JSON kept as text: exact bytes, which the hash covers.
  `CREATE TABLE IF NOT EXISTS events (
    incarnation INT UNSIGNED NOT NULL,
    position BIGINT UNSIGNED NOT NULL,
    stream_id VARCHAR(100) NOT NULL,
    version INT UNSIGNED NOT NULL,
    type VARCHAR(100) NOT NULL,
    schema_version INT UNSIGNED NOT NULL,
    data MEDIUMTEXT NOT NULL,
    metadata MEDIUMTEXT NOT NULL,
    hash BINARY(32) NOT NULL,
    recorded_at DATETIME(3) NOT NULL DEFAULT CURRENT_TIMESTAMP(3),
    PRIMARY KEY (position),
    CONSTRAINT uq_events_stream_version UNIQUE (stream_id, version)
  ) ${OPTIONS}`,
  // One row: its lock orders all appends (positions without gaps, in commit order).
  `CREATE TABLE IF NOT EXISTS log_head (
    id INT UNSIGNED NOT NULL,
    incarnation INT UNSIGNED NOT NULL,
    last_position BIGINT UNSIGNED NOT NULL,
    PRIMARY KEY (id)
  ) ${OPTIONS}`,
  `INSERT IGNORE INTO log_head (id, incarnation, last_position) VALUES (1, 1, 0)`,
  `CREATE TABLE IF NOT EXISTS counters (
    name VARCHAR(100) NOT NULL,
    last_id BIGINT UNSIGNED NOT NULL,
    PRIMARY KEY (name)
  ) ${OPTIONS}`,
  `CREATE TABLE IF NOT EXISTS consumer_cursors (
    consumer VARCHAR(100) NOT NULL,
    topic VARCHAR(249) NOT NULL,
    partition_id INT UNSIGNED NOT NULL,${PLACE},
    next_offset BIGINT UNSIGNED NOT NULL,
    PRIMARY KEY (consumer, topic, partition_id)
  ) ${OPTIONS}`,
  // The primary key holds the messages of one key together, in order.
  `CREATE TABLE IF NOT EXISTS parked_messages (
    consumer VARCHAR(100) NOT NULL,
    topic VARCHAR(249) NOT NULL,
    partition_id INT UNSIGNED NOT NULL,
    message_key VARCHAR(255) NOT NULL,${PLACE},
    value MEDIUMTEXT NOT NULL,
    reason TEXT NOT NULL,
    parked_at VARCHAR(24) NOT NULL,
    PRIMARY KEY (consumer, topic, message_key, incarnation, position, part)
  ) ${OPTIONS}`,
  // One row: who sends. The epoch rises at every takeover and every rewind.
  `CREATE TABLE IF NOT EXISTS relay_lease (
    name VARCHAR(100) NOT NULL,
    epoch BIGINT UNSIGNED NOT NULL,
    owner VARCHAR(100) NOT NULL,
    expires_at DATETIME(3) NOT NULL,
    PRIMARY KEY (name)
  ) ${OPTIONS}`,
  `INSERT IGNORE INTO relay_lease (name, epoch, owner, expires_at)
    VALUES ('relay', 0, '', '2000-01-01 00:00:00.000')`,
  // (incarnation, position, part): the message sent last; everything for the partition up to scanned_position was sent.
  `CREATE TABLE IF NOT EXISTS relay_cursors (
    topic VARCHAR(249) NOT NULL,
    partition_id INT UNSIGNED NOT NULL,${PLACE},
    scanned_position BIGINT UNSIGNED NOT NULL,
    PRIMARY KEY (topic, partition_id)
  ) ${OPTIONS}`,
  // The partition count when the topic was made: with another one, keys would move.
  `CREATE TABLE IF NOT EXISTS topics (
    topic VARCHAR(249) NOT NULL,
    partition_count INT UNSIGNED NOT NULL,
    PRIMARY KEY (topic)
  ) ${OPTIONS}`,
];

/** Makes the event store's tables. Each statement can run twice: MySQL commits every DDL, so a crash leaves half. */
export class EventStore1763800000000 implements MigrationInterface {
  readonly name = 'EventStore1763800000000';

  async up(queryRunner: QueryRunner): Promise<void> {
    for (const statement of STATEMENTS) await queryRunner.query(statement);
  }

  /** Refuses: a log is never dropped by a migration. */
  down(): Promise<void> {
    return Promise.reject(
      new Error('The event store is not dropped by a migration; drop the database'),
    );
  }
}
