// The users service on a real database: one user an e-mail, and the e-mail nowhere but in the vault.
import { randomUUID } from 'node:crypto';
import type { RowDataPacket } from 'mysql2/promise';
import {
  openTestServiceDatabase,
  serveRoutes,
  type ServedRoutes,
  type TestServiceDatabase,
} from '@orderflow/shared/testing/testService.ts';
import { createUsersApp, usersParts } from '../src/app.ts';
import type { UserEvent } from '../src/domain/user.ts';
import { createUserQueries } from '../src/readmodel/users.ts';

let service: TestServiceDatabase<UserEvent, never>;
let http: ServedRoutes;
const at = '2026-11-22T11:07:18.764Z';

beforeAll(async () => {
  service = await openTestServiceDatabase(usersParts);
  const { pool, log, idsOf } = service.database;
  const { routes } = createUsersApp({
    log,
    users: createUserQueries(pool),
    nextUserId: idsOf('users', 1),
    newUuid: randomUUID,
    now: () => at,
  });
  http = await serveRoutes(routes);
});

afterAll(async () => {
  await http.close();
  await service.drop();
});

async function rowsOf(sql: string, values: readonly unknown[] = []) {
  const [rows] = await service.admin.query<RowDataPacket[]>(sql, [...values]);
  return rows;
}

describe('POST /user', () => {
  it('of one e-mail at once, in any case, registers one user and leaves nothing of the others', async () => {
    const emails = Array.from({ length: 20 }, (_, index) =>
      index % 2 === 0 ? 'One@Example.com' : 'oNE@example.com',
    );
    const answers = await Promise.all(emails.map((email) => http.send('POST', '/user', { email })));
    const taken = answers.filter(({ status }) => status === 409);
    expect(answers.filter(({ status }) => status === 200)).toHaveLength(1);
    expect(taken).toHaveLength(19);
    expect(taken[0]?.body).toEqual({
      message: 'A user with same email id already exists. Please login with the same email',
      error: null,
    });
    for (const table of ['events', 'users', 'user_personal_data'])
      expect(await rowsOf('SELECT * FROM ??', [table])).toHaveLength(1);
  });

  it('stores the e-mail as it was given, in the vault alone', async () => {
    const email = 'Vault.Only@Example.com';
    const { status, body } = await http.send('POST', '/user', { email });
    expect({ status, body }).toMatchObject({ status: 200, body: { resp: { email } } });
    const tables = await rowsOf('SHOW TABLES');
    const holding: string[] = [];
    for (const table of tables.flatMap((row) => Object.values(row) as string[])) {
      const rows = await rowsOf('SELECT * FROM ??', [table]);
      if (/vault\.only/i.test(JSON.stringify(rows))) holding.push(table);
    }
    expect(holding).toEqual(['user_personal_data']);
  });
});

describe('GET /users', () => {
  it('is found in any case and with a trailing slash', async () => {
    const plain = await http.send('GET', '/users');
    expect(plain.status).toBe(200);
    expect((await http.send('GET', '/Users/')).body).toEqual(plain.body);
  });

  it('cuts the list at 10,000 rows and links to the rest', async () => {
    const ids = Array.from({ length: 10_050 }, (_, index) => 1_000 + index);
    const users = ids.map((id) => [id, randomUUID(), at, at]);
    const vault = ids.map((id) => [id, `u${id}@example.com`, `u${id}@example.com`]);
    await service.admin.query('INSERT INTO users VALUES ?', [users]);
    await service.admin.query('INSERT INTO user_personal_data VALUES ?', [vault]);

    const first = await http.send('GET', '/users');
    const shown = (first.body as { resp: { id: number }[] }).resp;
    expect(shown).toHaveLength(10_000);
    const next = /^<([^>]+)>; rel="next"$/.exec(first.headers.get('link') ?? '')?.[1];
    expect(next).toBe(`/users?after=${String(shown.at(-1)?.id)}`);

    const rest = await http.send('GET', next ?? '');
    expect((rest.body as { resp: { id: number }[] }).resp.at(-1)?.id).toBe(11_049);
    expect(rest.headers.get('link')).toBeNull();
  });
});

describe('GET /internal/users/:id', () => {
  it('knows who is registered and who is not', async () => {
    expect(await http.send('GET', '/internal/users/1000')).toMatchObject({ status: 200 });
    expect(await http.send('GET', '/internal/users/999999')).toMatchObject({ status: 404 });
    expect(await http.send('GET', '/internal/users/x')).toMatchObject({ status: 400 });
  });
});
