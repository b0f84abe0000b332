// The tally domain's tables in MySQL, declared as a service declares its own.
import type { RowDataPacket } from 'mysql2/promise';
import { EntitySchema, type MigrationInterface, type QueryRunner } from 'typeorm';
import { eventStoreSchema } from '../../src/eventstore/tables.ts';
import { combineSchemas, readModel, type Schema } from '../../src/runtime/schema.ts';
import { eventually } from '../../src/testing/eventually.ts';
import type { TestDatabase } from '../../src/testing/testDatabase.ts';

const OPTIONS = 'ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin';

class Tallies1763800000001 implements MigrationInterface {
  readonly name = 'Tallies1763800000001';

  async up(queryRunner: QueryRunner): Promise<void> {
    await queryRunner.query(`CREATE TABLE IF NOT EXISTS tallies (
      tally VARCHAR(50) NOT NULL, name VARCHAR(50) NOT NULL, total INT NOT NULL, seen INT NOT NULL,
      history VARCHAR(1000) NOT NULL, PRIMARY KEY (tally), CONSTRAINT uq_tallies_name UNIQUE (name)) ${OPTIONS}`);
    await queryRunner.query(`CREATE TABLE IF NOT EXISTS secrets (
      id INT NOT NULL, secret VARCHAR(50) NOT NULL,
      PRIMARY KEY (id), CONSTRAINT uq_secrets_secret UNIQUE (secret)) ${OPTIONS}`);
  }

  async down(queryRunner: QueryRunner): Promise<void> {
    await queryRunner.query('DROP TABLE tallies, secrets');
  }
}

const tallies = new EntitySchema({
  name: 'tallies',
  columns: {
    tally: { type: 'varchar', length: 50, primary: true },
    name: { type: 'varchar', length: 50 },
    total: { type: 'int' },
    seen: { type: 'int' },
    history: { type: 'varchar', length: 1000 },
  },
  uniques: [{ name: 'uq_tallies_name', columns: ['name'] }],
});

const secrets = new EntitySchema({
  name: 'secrets',
  columns: { id: { type: 'int', primary: true }, secret: { type: 'varchar', length: 50 } },
  uniques: [{ name: 'uq_secrets_secret', columns: ['secret'] }],
});

export const tallySchema: Schema = combineSchemas(eventStoreSchema, {
  tables: [readModel(tallies), { entity: secrets, grants: ['SELECT', 'INSERT'] }],
  migrations: [Tallies1763800000001],
});

/** Empties all tables, as admin, for a test that starts from nothing. */
export async function emptyTables({ admin }: TestDatabase): Promise<void> {
  const tables = [
    'events',
    'snapshots',
    'consumer_cursors',
    'parked_messages',
    'tallies',
    'secrets',
  ];
  for (const table of tables) await admin.query('DELETE FROM ??', [table]);
  await admin.query('UPDATE log_head SET incarnation = 1, last_position = 0');
}

const REST_MS = 150;
/** The server's name for who may look, in whichever process: test files run side by side. */
const LOOKER_LOCK = 'orderflow.test.innodb_trx';
const LOOKER_LOCK_SECONDS = 60;

/** Waits until a transaction of the test's runtime user waits for a lock. */
export async function untilLockWait({ admin, settings }: TestDatabase): Promise<void> {
  const session = await admin.getConnection();
  const look = async (): Promise<boolean> => {
    const [rows] = await session.query<RowDataPacket[]>(
      `SELECT trx_id FROM information_schema.innodb_trx AS trx
        JOIN information_schema.processlist AS session ON session.id = trx.trx_mysql_thread_id
        WHERE trx.trx_state = 'LOCK WAIT' AND session.user = ?`,
      [settings.user],
    );
    return rows.length > 0;
  };
  // InnoDB renews what this table shows only when nobody has looked at it for 100 ms. Two files that look in turn would both
  // see the past for ever; so only who has the lock looks, after a rest.
  const lookRested = async (): Promise<boolean> => {
    await session.query('SELECT GET_LOCK(?, ?)', [LOOKER_LOCK, LOOKER_LOCK_SECONDS]);
    try {
      await new Promise((resolve) => setTimeout(resolve, REST_MS));
      return await look();
    } finally {
      await session.query('SELECT RELEASE_LOCK(?)', [LOOKER_LOCK]);
    }
  };
  try {
    await eventually(lookRested, 'a transaction waits for a lock', { intervalMs: 0 });
  } finally {
    session.release();
  }
}
