// The images as they run: confined, watched by their health check, and drained by SIGTERM.
import { execFile, spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { promisify } from 'node:util';
import { eventually } from '@orderflow/shared/testing/eventually.ts';
import { readLogOf } from '../books/logs.ts';
import { createClient } from '../stack/client.ts';
import { imagesTag, programEnvironment } from '../stack/config.ts';
import { asContainer, docker } from '../stack/serviceContainer.ts';
import { SERVICES, type ServiceName, type ServiceProcess } from '../stack/serviceProcess.ts';
import {
  addProduct,
  auditAtRest,
  countStatuses,
  placeOrder,
  registerUsers,
} from '../stack/shop.ts';
import { startStack, type Stack } from '../stack/stack.ts';

const run = promisify(execFile);
const ORDERS = 200;

const healthOf = (service: ServiceProcess) =>
  docker('inspect', '--format={{.State.Health.Status}}', service.instance);

describe('the containers of a system', () => {
  let stack: Stack;
  let client: ReturnType<typeof createClient>;
  let userIds: number[];

  beforeAll(async () => {
    // Longer than the drain: what is in flight has to be answered because of the drain, not before it.
    stack = await startStack({ ORDER_WAIT_MS: '60000' });
    client = createClient(stack.gatewayUrl, ORDERS);
    userIds = await registerUsers(client.call, ORDERS);
  }, 300_000);

  afterAll(async () => {
    client.close();
    await stack.close();
  }, 60_000);

  /** Sends the orders while inventory is away, so that every one of them waits, and resolves when all are on record. */
  const ordersInFlight = async (product: string) => {
    const productId = await addProduct(client.call, product, ORDERS / 2);
    await stack.service('inventory').kill();
    const { host, port, adminUser, adminPassword } = stack.infra.mysql;
    const source = { host, port, user: adminUser, password: adminPassword };
    const requested = async () =>
      (await readLogOf(source, stack.databases.orders)).filter(
        (event) => event.type === 'OrderRequested',
      ).length;
    const before = await requested();
    let answered = 0;
    const answers = userIds.map(async (userId) => {
      const answer = await placeOrder(client.call, { userId, productId });
      answered += 1;
      return answer;
    });
    await eventually(async () => (await requested()) === before + ORDERS, 'every order is taken');
    expect(answered).toBe(0);
    return { productId, answers: Promise.all(answers) };
  };

  /** What an operator does; gives the exit code that the service ended with. */
  const dockerStop = async (name: ServiceName) => {
    const service = stack.service(name);
    await docker('stop', '--timeout=60', service.instance);
    return service.stop();
  };

  it.each(SERVICES)('%s turns healthy', async (name) => {
    const service = stack.service(name);
    await eventually(async () => (await healthOf(service)) === 'healthy', `${name} is healthy`);
  });

  it.each(SERVICES)('%s has a health check that fails where nobody answers', async (name) => {
    const args = ['exec', '--env=PORT=1', stack.service(name).instance, 'node'];
    const check = run('docker', [...args, 'deploy/healthcheck.ts'], { env: programEnvironment() });
    await expect(check).rejects.toMatchObject({
      code: 1,
      stdout: expect.stringContaining('no answer') as string,
    });
  });

  it.each(SERVICES)('%s runs Node as process 1, with no way to write a file', async (name) => {
    const script = `let code = 'written';
      try { fs.writeFileSync('/tmp/x', ''); } catch (error) { code = error.code; }
      console.log(fs.readlinkSync('/proc/1/exe'), code)`;
    const told = await docker('exec', stack.service(name).instance, 'node', '-e', script);
    expect(told).toMatch(/\/node EROFS$/);
  });

  // The order is taken and goes on: orders knows it, and has told the gateway.
  it.each(['orders', 'gateway'] as const)(
    'docker stop of %s answers every order in flight, with 202 and its id, before it ends with code 0',
    async (name) => {
      const inFlight = await ordersInFlight(`lamp for ${name}`);
      expect(await dockerStop(name)).toBe(0);
      const answers = await inFlight.answers;
      expect(countStatuses(answers)).toEqual({ 202: ORDERS });

      await Promise.all([stack.service(name).start(), stack.service('inventory').start()]);
      const books = await auditAtRest(stack, answers);
      expect(books.breaches).toEqual([]);
      const decided = answers.filter(({ orderId = '' }) => books.decisions.get(orderId));
      expect(decided).toHaveLength(ORDERS);
      expect(books.products.get(inFlight.productId)).toMatchObject({ sold: ORDERS / 2 });
    },
    180_000,
  );

  it('SIGTERM ends each with code 0', async () => {
    const codes = await Promise.all(SERVICES.map((name) => dockerStop(name)));
    expect(codes).toEqual(SERVICES.map(() => 0));
  });
});

describe('a container of a test', () => {
  it('ends and is removed when the client that holds its standard input is killed', async () => {
    const instance = `orphan_${randomBytes(4).toString('hex')}`;
    const env = { HOST: '127.0.0.1', PORT: '0', EXIT_WITH_PARENT: 'true' };
    const tag = imagesTag() ?? '';
    const kind = asContainer({ name: 'gateway', instance, port: 0, env }, tag);
    const orphan = spawn(kind.command, kind.args, {
      env: kind.env,
      stdio: ['pipe', 'ignore', 'ignore'],
    });
    const listed = () => docker('ps', '--all', '--quiet', `--filter=name=^${instance}$`);
    const started = async () => (await docker('logs', instance)).includes('"msg":"started"');
    await eventually(started, 'it has started');
    expect(await listed()).not.toBe('');
    orphan.kill('SIGKILL');
    await eventually(async () => (await listed()) === '', 'it is gone');
  });
});
