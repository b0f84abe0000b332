// An older backup is restored while messages of what came after it still stand in Kafka: they are void, what was under way
// at the backup is finished, and the books are right. Twice from the same backup: the second time two histories are lost.
import { mkdtemp, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { createConnection } from 'mysql2/promise';
import { z } from 'zod';
import { eventually } from '@orderflow/shared/testing/eventually.ts';
import type { ClientAnswer } from '../books/audit.ts';
import { createClient } from '../stack/client.ts';
import { orderflow } from '../stack/command.ts';
import { readTopic } from '../stack/readTopic.ts';
import { SERVICES } from '../stack/serviceProcess.ts';
import {
  addProduct,
  auditAtRest,
  countStatuses,
  placeOrder,
  registerUsers,
} from '../stack/shop.ts';
import { startStack, type Stack } from '../stack/stack.ts';

const USERS = 10;
const STOCK = 1_000;

const backupSchema = z.object({
  cut: z.record(z.string(), z.object({ incarnation: z.int(), position: z.int() })),
});
const restoreSchema = z.object({ incarnation: z.int() });
const recordSchema = z.object({ place: z.string() });
const stock = z.object({ resp: z.array(z.object({ id: z.number(), count: z.number() })) });

describe('a restored backup', () => {
  let stack: Stack;
  let client: ReturnType<typeof createClient>;
  let folder: string;

  beforeAll(async () => {
    // Orders that nobody decides are answered soon.
    stack = await startStack({ ORDER_WAIT_MS: '2000' });
    client = createClient(stack.gatewayUrl);
    folder = await mkdtemp(path.join(tmpdir(), 'orderflow-backup-'));
  }, 120_000);

  afterAll(async () => {
    client.close();
    await stack.close();
    await rm(folder, { recursive: true, force: true });
  }, 60_000);

  /** Each user orders each product; all orders are taken, and confirmed at once or later. */
  const orderOnce = async (userIds: readonly number[], productIds: readonly number[]) => {
    const answers = await Promise.all(
      userIds.flatMap((userId) =>
        productIds.map((productId) => placeOrder(client.call, { userId, productId })),
      ),
    );
    expect(answers.filter(({ status }) => status !== 200 && status !== 202)).toEqual([]);
    return answers;
  };
  const stopAll = async () => {
    for (const name of SERVICES.toReversed()) await stack.service(name).stop();
  };
  const startAll = () => Promise.all(SERVICES.map((name) => stack.service(name).start()));
  /** Until orders knows them by the others' messages: the gateway refuses orders of whom it does not know. */
  const settle = (userIds: readonly number[], productIds: readonly number[]) =>
    eventually(
      async () => (await orderOnce(userIds, productIds)).every(({ status }) => status === 200),
      'orders knows all users and products',
      { intervalMs: 500 },
    );
  const available = async () => {
    const { json } = await client.call('GET', '/inventory');
    return new Map(stock.parse(json).resp.map(({ id, count }) => [id, count]));
  };
  /** Messages of a topic that tell of positions behind the cut, by incarnation. */
  const behindCut = async (topic: string, position: number) => {
    const records = await readTopic(stack.infra.brokers, `${stack.topicPrefix}${topic}`);
    return records
      .map(({ value }) => recordSchema.parse(JSON.parse(value)).place.split('.').map(Number))
      .filter(([, at = 0]) => at > position)
      .map(([incarnation = 0]) => incarnation);
  };
  const requireSound = async (answers: readonly ClientAnswer[], lost: readonly ClientAnswer[]) => {
    const books = await auditAtRest(stack, answers);
    expect(books.breaches).toEqual([]);
    for (const { orderId } of lost) expect(books.decisions.has(orderId ?? '')).toBe(false);
    const counts = await available();
    for (const [productId, book] of books.products)
      expect(counts.get(productId)).toBe(book.available);
    return books;
  };

  it('goes on from the cut, whatever Kafka still holds of what came after it', async () => {
    const userIds = await registerUsers(client.call, USERS);
    const productIds = [
      await addProduct(client.call, 'camera', STOCK),
      await addProduct(client.call, 'lens', STOCK),
    ];
    await settle(userIds, productIds);
    const decided = await orderOnce(userIds, productIds);

    await stack.service('inventory').stop();
    const underWay = await orderOnce(userIds, productIds);
    expect(countStatuses(underWay)).toEqual({ 202: underWay.length });
    const { cut } = backupSchema.parse(await orderflow(stack, 'backup', path.join(folder, 'one')));
    await stack.service('inventory').start();
    const kept = [...decided, ...underWay];

    const users = await client.call('GET', '/users');
    // What will be lost: the same orders decided, later ones, and a user and a product whose ids clients have seen.
    await auditAtRest(stack, kept);
    const [lostUser = 0] = await registerUsers(client.call, 1, 'lost');
    const lostProduct = await addProduct(client.call, 'lost', 5);
    const lost = await orderOnce(userIds, productIds);
    for (const [topic, service] of Object.entries(OWNERS))
      expect((await behindCut(topic, cut[service]?.position ?? 0)).length).toBeGreaterThan(0);

    await expect(orderflow(stack, 'restore', path.join(folder, 'one'))).rejects.toThrow(
      'still runs',
    );
    await stopAll();
    await expect(orderflow(stack, 'restore', path.join(folder, 'one'))).rejects.toThrow(
      '--replace',
    );
    const first = await restoreFrom('one', '--replace');
    await startAll();
    await requireSound(kept, lost);
    expect((await client.call('GET', '/users')).json).toEqual(users.json);
    const later = await orderOnce(userIds, productIds);
    await requireSound([...kept, ...later], lost);
    expect((await registerUsers(client.call, 1, 'new'))[0]).toBeGreaterThan(lostUser);
    expect(await addProduct(client.call, 'new', 5)).toBeGreaterThan(lostProduct);

    // Once more from the same backup, with the databases gone: nothing in them tells of the first restore any more.
    await stopAll();
    await dropDatabases();
    const second = await restoreFrom('one');
    expect(second).toBeGreaterThan(first);
    await startAll();
    await requireSound(kept, [...lost, ...later]);
    const last = await orderOnce(userIds, productIds);
    await requireSound([...kept, ...last], [...lost, ...later]);
    // All three histories stand side by side in Kafka.
    const incarnations = await behindCut('orders.v1', cut.orders?.position ?? 0);
    expect([...new Set(incarnations)].toSorted((a, b) => a - b)).toEqual([1, first, second]);
  }, 300_000);

  it('is for its owner alone, and refused when a file of it has changed', async () => {
    const file = path.join(folder, 'one/users/user_personal_data.ndjson.gz');
    expect((await stat(file)).mode & 0o777).toBe(0o600);
    await writeFile(file, 'something else');
    await expect(
      orderflow(stack, 'restore', path.join(folder, 'one'), '--replace'),
    ).rejects.toThrow('its SHA-256 differs');
  });

  async function restoreFrom(name: string, ...options: readonly string[]): Promise<number> {
    const result = await orderflow(stack, 'restore', path.join(folder, name), ...options);
    return restoreSchema.parse(result).incarnation;
  }

  async function dropDatabases(): Promise<void> {
    const { host, port, adminUser: user, adminPassword: password } = stack.infra.mysql;
    const connection = await createConnection({ host, port, user, password });
    for (const database of Object.values(stack.databases))
      await connection.query('DROP DATABASE ??', [database]);
    await connection.end();
  }
});

const OWNERS = { 'users.v1': 'users', 'inventory.v1': 'inventory', 'orders.v1': 'orders' };
