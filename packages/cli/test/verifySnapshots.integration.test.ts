// The verifier on snapshots that somebody has changed.
import { openAuditedShop, type AuditedShop } from './auditedShop.ts';

let shop: AuditedShop;

beforeAll(async () => {
  shop = await openAuditedShop({ users: 5, products: 3, stock: 40, orders: 120 });
});

afterAll(async () => {
  await shop.drop();
});

describe('A snapshot', () => {
  const ofProduct = "WHERE stream_id = 'product-1'";
  const name = async () => {
    const { version } = await shop.one('inventory', `SELECT version FROM snapshots ${ofProduct}`);
    return `P6: snapshot of product-1 of inventory at version ${version}`;
  };
  const after = (change: string) =>
    shop.breachesAfter(
      'inventory',
      ['CREATE TABLE kept AS SELECT * FROM snapshots', change],
      ['DELETE FROM snapshots', 'INSERT INTO snapshots SELECT * FROM kept', 'DROP TABLE kept'],
    );

  it('that is what its stream folds to is compared, and no breach', async () => {
    const { findings, notCompared } = await shop.audit();
    await shop.databases.inventory.admin.query('CREATE TABLE kept AS SELECT * FROM snapshots');
    await shop.databases.inventory.admin.query('DELETE FROM snapshots');
    const without = await shop.audit();
    await shop.databases.inventory.admin.query('INSERT INTO snapshots SELECT * FROM kept');
    await shop.databases.inventory.admin.query('DROP TABLE kept');
    expect(findings.breaches).toEqual([]);
    expect(notCompared).toEqual([]);
    expect(findings.figuresOf('P6').checked - without.findings.figuresOf('P6').checked).toBe(3);
  });

  it('whose state was changed is named, with what it should be', async () => {
    const breaches = await after(
      `UPDATE snapshots SET state = REPLACE(state, '"soldQuantity":', '"soldQuantity":1') ${ofProduct}`,
    );
    expect(breaches).toEqual([
      expect.stringContaining(
        `${await name()} has another state than the fold, which is {"status":"listed"`,
      ),
    ]);
  });

  it('whose state cannot be read is named', async () => {
    expect(await after(`UPDATE snapshots SET state = '{}' ${ofProduct}`)).toEqual([
      expect.stringContaining(`${await name()} cannot be read, the fold is {`),
    ]);
  });

  it('whose hash was changed is named', async () => {
    expect(await after(`UPDATE snapshots SET hash = REPEAT('a', 32) ${ofProduct}`)).toEqual([
      expect.stringContaining(`${await name()} says hash ${'61'.repeat(32)}, the event at that`),
    ]);
  });

  it('that was given another version is named', async () => {
    const earlier = await after(`UPDATE snapshots SET version = version - 1 ${ofProduct}`);
    expect(earlier).toContainEqual(expect.stringContaining('says hash'));
    expect(earlier).toContainEqual(expect.stringContaining('has another state than the fold'));
    expect(await after(`UPDATE snapshots SET version = 7000 ${ofProduct}`)).toEqual([
      'P6: snapshot of product-1 of inventory at version 7000: the log of inventory has no such version',
    ]);
  });

  it('of another schema version is passed over by the services, and told as not compared', async () => {
    const { admin } = shop.databases.inventory;
    await admin.query(`UPDATE snapshots SET state_schema_version = 2 ${ofProduct}`);
    const { findings, notCompared } = await shop.audit();
    await admin.query(`UPDATE snapshots SET state_schema_version = 1 ${ofProduct}`);
    expect(findings.breaches).toEqual([]);
    expect(notCompared).toEqual([
      '1 snapshots of inventory that this build passes over: of another schema version',
    ]);
  });

  it('of a stream that is damaged before it is left out: what it should be nobody knows', async () => {
    const damaged = `WHERE stream_id = 'product-1' AND version = 3`;
    const breaches = await shop.breachesAfter(
      'inventory',
      [`UPDATE events SET data = CONCAT(data, ' ') ${damaged}`],
      [`UPDATE events SET data = TRIM(data) ${damaged}`],
    );
    expect(breaches).toEqual([expect.stringMatching(/^P9: event \d+ of inventory \(product-1/)]);
  });
});
