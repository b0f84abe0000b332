// The demo's API to the letter: users, products and what every route has in common.
import { createClient, type Call } from '../stack/client.ts';
import { addProduct, registerUsers } from '../stack/shop.ts';
import { sendRaw } from '../stack/raw.ts';
import { startStack, type Stack } from '../stack/stack.ts';

const UUID = expect.stringMatching(/^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/) as string;
const INSTANT = expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/) as string;
const ID = expect.any(Number) as number;
const refusal = (message: string) => ({ message, error: null });

let stack: Stack;
let client: ReturnType<typeof createClient>;
let call: Call;
let userId: number;

beforeAll(async () => {
  stack = await startStack();
  client = createClient(stack.gatewayUrl);
  call = client.call;
  userId = (await registerUsers(call, 1))[0] ?? 0;
  await addProduct(call, 'camera', 3);
}, 120_000);

afterAll(async () => {
  client.close();
  await stack.close();
}, 60_000);

describe('POST /user', () => {
  it('registers a user', async () => {
    const answer = await call('POST', '/user', { email: 'a@example.com', unknown: 1 });
    expect(answer.status).toBe(200);
    expect(answer.json).toEqual({
      resp: {
        id: ID,
        email: 'a@example.com',
        uuid: UUID,
        updated_at: INSTANT,
        created_at: INSTANT,
      },
    });
  });

  it.each([[{}], [{ email: '' }], [{ email: null }], [undefined]])(
    'asks for the e-mail when the body is %j',
    async (body) => {
      const answer = await call('POST', '/user', body);
      expect(answer.status).toBe(400);
      expect(answer.json).toEqual(refusal('email field is missing from body params'));
    },
  );

  it('refuses an e-mail that is there already, in any case', async () => {
    expect((await call('POST', '/user', { email: 'twice@example.com' })).status).toBe(200);
    const answer = await call('POST', '/user', { email: 'TWICE@example.com' });
    expect(answer.status).toBe(409);
    expect(answer.json).toEqual(
      refusal('A user with same email id already exists. Please login with the same email'),
    );
  });

  it('answers 400 for what is no e-mail', async () => {
    const answer = await call('POST', '/user', { email: 'nobody' });
    expect(answer.status).toBe(400);
    expect(answer.json).toEqual(refusal('Validation error: Validation isEmail on email failed'));
  });

  it('names field and limit when the e-mail is too long', async () => {
    const answer = await call('POST', '/user', { email: `${'x'.repeat(250)}@example.com` });
    expect(answer.status).toBe(400);
    expect(answer.text).toMatch(/email.*255/);
  });

  it('registers one of two who send the same e-mail at once', async () => {
    const answers = await Promise.all(
      Array.from({ length: 10 }, () => call('POST', '/user', { email: 'race@example.com' })),
    );
    expect(answers.map((answer) => answer.status).toSorted()).toEqual([
      200,
      ...Array.from({ length: 9 }, () => 409),
    ]);
  });
});

describe('GET /users', () => {
  it('lists the users, with the same times each time', async () => {
    const first = await call('GET', '/users');
    expect(first.status).toBe(200);
    expect(first.json).toEqual({
      resp: expect.arrayContaining([
        {
          id: userId,
          uuid: UUID,
          email: 'buyer0@example.com',
          created_at: INSTANT,
          updated_at: INSTANT,
          deleted_at: null,
        },
      ]) as unknown,
    });
    expect((await call('GET', '/users')).text).toBe(first.text);
  });

  it('is found in any case and with a trailing slash', async () => {
    expect((await call('GET', '/USERS/')).status).toBe(200);
  });
});

describe('POST /inventory', () => {
  it('adds a product', async () => {
    const answer = await call('POST', '/inventory', { name: 'tripod', count: '3' });
    expect(answer.status).toBe(200);
    expect(answer.json).toEqual({
      resp: {
        uuid: UUID,
        id: ID,
        name: 'tripod',
        count: 3,
        updated_at: INSTANT,
        created_at: INSTANT,
      },
    });
  });

  it.each([
    [{ count: 3 }, 'name field is missing from body params'],
    [{ name: 'x' }, 'count field is missing from body params'],
    [{ name: 'x', count: 0 }, 'count of inventory must be greater than 0'],
  ])('answers 400 to %j', async (body, message) => {
    const answer = await call('POST', '/inventory', body);
    expect(answer.status).toBe(400);
    expect(answer.json).toEqual(refusal(message));
  });

  it.each([-1, 1.5, 'many', true, 1_000_000_001])('refuses the count %j', async (count) => {
    const answer = await call('POST', '/inventory', { name: 'odd', count });
    expect(answer.status).toBe(400);
    expect(answer.json).toEqual(
      refusal('count of inventory must be a whole number from 1 to 1000000000'),
    );
  });

  it('refuses a name that is there already, in any case', async () => {
    const answer = await call('POST', '/inventory', { name: 'CAMERA', count: 1 });
    expect(answer.status).toBe(409);
    expect(answer.json).toEqual(
      refusal(
        'A product with same name already exists. Please register prodduct with some different name',
      ),
    );
  });

  it('names field and limit when the name is too long', async () => {
    const answer = await call('POST', '/inventory', { name: 'x'.repeat(256), count: 1 });
    expect(answer.status).toBe(400);
    expect(answer.text).toMatch(/name.*255/);
  });
});

describe('everything else', () => {
  it('is answered 404 with its URL', async () => {
    const answer = await call('GET', '/nope?x=1');
    expect(answer.status).toBe(404);
    expect(answer.json).toEqual({ url: '/nope?x=1 not found' });
    expect((await call('DELETE', '/users')).json).toEqual({ url: '/users not found' });
  });

  it.each(['/user', '/inventory', '/order'])(
    'malformed JSON to %s is a 400 without a stack',
    async (path) => {
      const answer = await sendRaw(
        stack.gatewayUrl,
        'POST',
        path,
        'application/json',
        '{"email": ',
      );
      expect(answer.status).toBe(400);
      expect(answer.json).toEqual({ message: expect.any(String) as string, error: null });
      expect(answer.text).not.toContain('node_modules');
    },
  );

  it.each(['/user', '/inventory', '/order'])('a body over 64 KiB to %s is a 413', async (path) => {
    const answer = await sendRaw(
      stack.gatewayUrl,
      'POST',
      path,
      'application/json',
      JSON.stringify({ name: 'x'.repeat(70_000) }),
    );
    expect(answer.status).toBe(413);
    expect(answer.json).toEqual({ message: expect.any(String) as string, error: null });
  });

  it('/v1 answers with problem+json', async () => {
    const answer = await call('GET', '/v1/orders/00000000-0000-4000-8000-000000000000');
    expect(answer.status).toBe(404);
    expect(answer.headers['content-type']).toContain('application/problem+json');
  });
});
