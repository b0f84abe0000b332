// How the verbs find the databases of a system.
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { readSystemConfig } from '../src/config.ts';

const folder = mkdtempSync(path.join(tmpdir(), 'orderflow-config-'));
const file = path.join(folder, 'access.json');

afterAll(() => {
  rmSync(folder, { recursive: true });
});

describe('The settings of a whole system', () => {
  it('are those of each service by its name, and those without a name for all', () => {
    const { databases } = readSystemConfig({
      ...{ MYSQL_HOST: 'db.internal', MYSQL_PORT: '3307', ORDERS_MYSQL_HOST: 'orders.internal' },
      ORDERS_MYSQL_PASSWORD: 'of orders',
    });
    expect(databases.users).toMatchObject({ MYSQL_HOST: 'db.internal', MYSQL_PORT: 3307 });
    expect(databases.orders).toMatchObject({
      ...{ MYSQL_HOST: 'orders.internal', MYSQL_PORT: 3307, MYSQL_PASSWORD: 'of orders' },
      MYSQL_DATABASE: 'orderflow_orders',
    });
    expect(databases.inventory.MYSQL_PASSWORD).toBe('orderflow-local');
  });

  it('take no database, user or password for all services from a name that only one can mean', () => {
    const { databases } = readSystemConfig({
      ...{ MYSQL_HOST: 'db.internal', MYSQL_DATABASE: 'one', MYSQL_USER: 'two' },
    });
    expect(databases.orders).toMatchObject({
      ...{ MYSQL_DATABASE: 'orderflow_orders', MYSQL_USER: 'orderflow_orders' },
    });
  });

  it('come from the access file where no server is named, and the environment stands before it', () => {
    writeFileSync(file, JSON.stringify({ MYSQL_HOST: '127.0.0.9', MYSQL_PORT: '4000' }));
    const { databases } = readSystemConfig({ ORDERFLOW_ACCESS_FILE: file, MYSQL_PORT: '4001' });
    expect(databases.users).toMatchObject({ MYSQL_HOST: '127.0.0.9', MYSQL_PORT: 4001 });
  });

  it('are refused with every fault at once, each with its service', () => {
    expect(() =>
      readSystemConfig({ MYSQL_HOST: 'x', ORDERS_MYSQL_PORT: 'y', USERS_MYSQL_USER: '-' }),
    ).toThrow(/\(users\) MYSQL_USER[\s\S]*\(orders\) MYSQL_PORT/);
  });

  it('are refused when the access file is no such file', () => {
    writeFileSync(file, '[]');
    expect(() => readSystemConfig({ ORDERFLOW_ACCESS_FILE: file })).toThrow(
      /expected a JSON object/,
    );
    const gone = path.join(folder, 'gone.json');
    expect(() => readSystemConfig({ ORDERFLOW_ACCESS_FILE: gone })).toThrow(
      /ORDERFLOW_ACCESS_FILE/,
    );
  });
});
