// The store in MySQL keeps the contract, on a real server as the runtime user.
import type { RowDataPacket } from 'mysql2/promise';
import type { Row } from '../../src/eventstore/projection.ts';
import { createMysqlEventStore } from '../../src/eventstore/mysqlEventStore.ts';
import { writeWish } from '../../src/eventstore/parkedRows.ts';
import { eventStoreContract } from '../../src/testing/eventStoreContract.ts';
import { testInfra } from '../../src/testing/infra.ts';
import { talliesProjection, tallyCodec } from '../../src/testing/tallyDomain.ts';
import { createTestDatabase, type TestDatabase } from '../../src/testing/testDatabase.ts';
import { emptyTables, tallySchema } from './tallySchema.ts';

let database: TestDatabase;
beforeAll(async () => {
  database = await createTestDatabase(tallySchema, testInfra());
});
afterAll(() => database.drop());

eventStoreContract('MySQL', async () => {
  await emptyTables(database);
  return {
    store: createMysqlEventStore({
      pool: database.pool,
      codec: tallyCodec,
      projections: [talliesProjection],
    }),
    async rows(table) {
      const [rows] = await database.pool.query<(RowDataPacket & Row)[]>(
        'SELECT * FROM ?? ORDER BY 1',
        [table],
      );
      return rows.map((row) => ({ ...row }));
    },
    wish: (...of) => writeWish(database.pool, ...of),
  };
});
