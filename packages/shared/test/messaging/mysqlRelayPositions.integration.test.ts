// The relay's positions in MySQL keep the contract, on a real server as the runtime user.
import { eventStoreSchema } from '../../src/eventstore/tables.ts';
import { MysqlRelayPositions } from '../../src/messaging/mysqlRelayPositions.ts';
import { testInfra } from '../../src/testing/infra.ts';
import { relayPositionsContract } from '../../src/testing/relayPositionsContract.ts';
import { createTestDatabase, type TestDatabase } from '../../src/testing/testDatabase.ts';
import { uniqueName } from './testServices.ts';

let database: TestDatabase;
beforeAll(async () => {
  database = await createTestDatabase(eventStoreSchema, testInfra());
});
afterAll(() => database.drop());

relayPositionsContract('MySQL', async (partitionCount) => {
  // One lease a schema: the case before may hold it still.
  await database.admin.query("UPDATE relay_lease SET owner = '', expires_at = UTC_TIMESTAMP(3)");
  return new MysqlRelayPositions(database.pool, uniqueName('topic'), partitionCount);
});
