// An older backup is restored while messages of what came after it still stand in Kafka: they are void, what was under way
// at the backup is finished, and the books are right. Again from the same backup with the databases gone, and with the
// topics gone.
import { mkdtemp, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { Kafka, logLevel } from 'kafkajs';
import { createConnection } from 'mysql2/promise';
import { z } from 'zod';
import { eventually } from '@orderflow/shared/testing/eventually.ts';
import type { ClientAnswer } from '../books/audit.ts';
import { createClient } from '../stack/client.ts';
import { orderflow, verifyByCommand } from '../stack/command.ts';
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
  let userIds: number[];
  let productIds: number[];
  let cut: z.output<typeof backupSchema>['cut'];
  /** Answers to orders that are in the backup, and to those that came after it. */
  const kept: ClientAnswer[] = [];
  const lost: ClientAnswer[] = [];
  /** Of the restores. */
  const incarnations: number[] = [];

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
  const orderOnce = async () => {
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
  /** Until orders knows users and products by the others' messages: before, it refuses orders of them. */
  const settle = () =>
    eventually(
      async () => (await orderOnce()).every(({ status }) => status === 200),
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
  /** Everybody's books fit, by two auditors that share nothing, all orders that were kept are decided, and nobody knows any that were lost. */
  const requireSound = async (answers: readonly ClientAnswer[]) => {
    const books = await auditAtRest(stack, answers);
    expect(books.breaches).toEqual([]);
    expect(lost.filter(({ orderId }) => books.decisions.has(orderId ?? ''))).toEqual([]);
    expect(await verifyByCommand(stack)).toEqual({
      ...{ isClean: true, breaches: [], notCompared: [] },
    });
    const counts = await available();
    for (const [productId, book] of books.products)
      expect(counts.get(productId)).toBe(book.available);
  };
  /** Starts what was restored, and orders more: the next restore loses that. */
  const goOn = async () => {
    await startAll();
    await requireSound(kept);
    const orders = await orderOnce();
    await requireSound([...kept, ...orders]);
    lost.push(...orders);
  };

  it('is made while the services work and orders are under way', async () => {
    userIds = await registerUsers(client.call, USERS);
    productIds = [
      await addProduct(client.call, 'camera', STOCK),
      await addProduct(client.call, 'lens', STOCK),
    ];
    await settle();
    kept.push(...(await orderOnce()));
    await stack.service('inventory').stop();
    const underWay = await orderOnce();
    expect(countStatuses(underWay)).toEqual({ 202: underWay.length });
    kept.push(...underWay);
    ({ cut } = backupSchema.parse(await orderflow(stack, 'backup', path.join(folder, 'one'))));
    await stack.service('inventory').start();
  }, 120_000);

  it('goes on from the cut, though Kafka holds messages of what came after it', async () => {
    const users = await client.call('GET', '/users');
    // What will be lost: decisions of the orders under way, later orders, and ids that clients have seen.
    await requireSound(kept);
    const [lostUser = 0] = await registerUsers(client.call, 1, 'lost');
    const lostProduct = await addProduct(client.call, 'lost', 5);
    lost.push(...(await orderOnce()));
    for (const [topic, service] of Object.entries(OWNERS))
      expect((await behindCut(topic, cut[service]?.position ?? 0)).length).toBeGreaterThan(0);

    await expect(restore()).rejects.toThrow('still runs');
    await stopAll();
    await expect(restore()).rejects.toThrow('--replace');
    incarnations.push(await restore('--replace'));
    await goOn();
    expect((await client.call('GET', '/users')).json).toEqual(users.json);
    expect((await registerUsers(client.call, 1, 'new'))[0]).toBeGreaterThan(lostUser);
    expect(await addProduct(client.call, 'new', 5)).toBeGreaterThan(lostProduct);
  }, 300_000);

  it('goes on where the databases are gone, though Kafka holds two histories that were lost', async () => {
    await stopAll();
    await dropDatabases();
    incarnations.push(await restore());
    await goOn();
    const found = await behindCut('orders.v1', cut.orders?.position ?? 0);
    expect([...new Set(found)].toSorted((a, b) => a - b)).toEqual([1, ...incarnations]);
  }, 300_000);

  it('goes on where the topics are gone, of which its cursors hold offsets', async () => {
    await stopAll();
    await deleteTopics(Object.keys(OWNERS).map((topic) => `${stack.topicPrefix}${topic}`));
    await restore('--replace');
    await goOn();
  }, 300_000);

  it('is for its owner alone, and refused when a file of it has changed', async () => {
    const file = path.join(folder, 'one/users/user_personal_data.ndjson.gz');
    expect((await stat(file)).mode & 0o777).toBe(0o600);
    await writeFile(file, 'something else');
    await expect(restore('--replace')).rejects.toThrow('its SHA-256 differs');
  });

  /** Gives the new incarnation. */
  async function restore(...options: readonly string[]): Promise<number> {
    const result = await orderflow(stack, 'restore', path.join(folder, 'one'), ...options);
    return restoreSchema.parse(result).incarnation;
  }

  async function deleteTopics(topics: string[]): Promise<void> {
    const admin = new Kafka({ brokers: stack.infra.brokers, logLevel: logLevel.NOTHING }).admin();
    await admin.connect();
    await admin.deleteTopics({ topics });
    const isGone = async () => !(await admin.listTopics()).some((name) => topics.includes(name));
    await eventually(isGone, 'the topics are gone');
    await admin.disconnect();
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
