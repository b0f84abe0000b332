// The question to the users service: asked once for all who ask the same, and never by too many at once.
import { createServer, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { userIdSchema } from '@orderflow/shared/contracts/ids.ts';
import { eventually } from '@orderflow/shared/testing/eventually.ts';
import { createUsersClient } from '../src/http/usersClient.ts';

interface Asked {
  readonly path: string | undefined;
  readonly correlationId: unknown;
  readonly response: ServerResponse;
}

const asked: Asked[] = [];
const server = createServer(({ url: path, headers }, response) => {
  asked.push({ path, correlationId: headers['x-request-id'], response });
});
let url: string;

beforeAll(async () => {
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
});
afterEach(() => void asked.splice(0));
afterAll(() => {
  server.closeAllConnections();
  server.close();
});

const user = (id: number) => userIdSchema.parse(id);

describe('A user', () => {
  it.each([
    [200, true],
    [404, false],
  ])('exists or not, by the status %i', async (status, exists) => {
    const answer = createUsersClient(url).exists(user(7), 'req-1');
    await eventually(() => asked.length === 1, 'the question has arrived');
    expect(asked[0]).toMatchObject({ path: '/internal/users/7', correlationId: 'req-1' });
    asked[0]?.response.writeHead(status).end('{}');
    expect(await answer).toBe(exists);
  });

  it('is asked for once by all who ask at the same time, and again by those who ask later', async () => {
    const client = createUsersClient(url);
    const answers = [1, 2, 3].map(() => client.exists(user(7), 'c'));
    await eventually(() => asked.length > 0, 'the question has arrived');
    asked[0]?.response.writeHead(404).end();
    expect(await Promise.all(answers)).toEqual([false, false, false]);
    expect(asked).toHaveLength(1);
    const later = client.exists(user(7), 'c');
    await eventually(() => asked.length === 2, 'the next question has arrived');
    asked[1]?.response.writeHead(200).end();
    expect(await later).toBe(true);
  });

  it('is not known to exist when the service fails or is not there: a retryable error', async () => {
    const unknown = { code: 'users_unavailable', retryable: true };
    const failing = createUsersClient(url).exists(user(7), 'c');
    await eventually(() => asked.length === 1, 'the question has arrived');
    asked[0]?.response.writeHead(500).end();
    await expect(failing).rejects.toMatchObject(unknown);
    // The discard service's port, which is privileged and unused.
    const nobody = createUsersClient('http://127.0.0.1:9');
    await expect(nobody.exists(user(7), 'c')).rejects.toMatchObject(unknown);
  });

  it('waits for its turn when many different ones are asked for at once', async () => {
    const client = createUsersClient(url);
    const answers = Array.from({ length: 40 }, (_, index) => client.exists(user(index + 1), 'c'));
    await eventually(() => asked.length === 16, 'as many as may have arrived');
    // Had more been sent, they would arrive before what is sent now on a connection of its own.
    const probe = fetch(`${url}/probe`);
    await eventually(() => asked.some(({ path }) => path === '/probe'), 'the probe has arrived');
    expect(asked).toHaveLength(17);
    let answered = 0;
    await eventually(
      () => {
        for (const { response } of asked.slice(answered)) response.writeHead(200).end();
        answered = asked.length;
        return answered === 41;
      },
      'all were asked',
      { intervalMs: 5 },
    );
    expect(await Promise.all(answers)).toEqual(answers.map(() => true));
    await (await probe).text();
  });
});
