import { createServer, type RequestListener } from 'node:http';
import type { LoadPlan } from '../load/plan.ts';
import { runLoad } from '../load/runLoad.ts';

/** Runs a load against a server with this behaviour; each user orders once unless the plan says otherwise. */
async function loadOn(listener: RequestListener, plan: Partial<LoadPlan>) {
  const server = createServer(listener);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  const port = typeof address === 'object' && address !== null ? address.port : 0;
  const marks: string[] = [];
  try {
    const outcome = await runLoad(
      {
        host: '127.0.0.1',
        port,
        connections: 2,
        warmupSeconds: 0,
        seconds: 60,
        timeoutMs: 10_000,
        readShare: 0,
        userIds: [1, 2, 3, 4, 5, 6],
        productIds: [7],
        eachUserOnce: true,
        seed: 1,
        ...plan,
      },
      (what) => marks.push(what),
    );
    return { ...outcome, marks };
  } finally {
    server.closeAllConnections();
    server.close();
  }
}

/** Gives each request's body to `answer`. */
function onBody(
  answer: (body: string, ...rest: Parameters<RequestListener>) => void,
): RequestListener {
  return (request, response) => {
    let body = '';
    request.setEncoding('utf8');
    request.on('data', (chunk: string) => (body += chunk));
    request.on('end', () => {
      answer(body, request, response);
    });
  };
}

test('each user orders once, and each answer is counted by its status', async () => {
  const bodies: string[] = [];
  const outcome = await loadOn(
    onBody((body, _request, response) => {
      bodies.push(body);
      response.writeHead(body.includes('"userId":3') ? 409 : 200).end('{"resp":{}}');
    }),
    {},
  );
  expect(outcome.answers).toEqual({ 200: 5, 409: 1 });
  expect(outcome.orderAnswers).toEqual(outcome.answers);
  expect(outcome.marks).toEqual(['begin', 'end']);
  expect(bodies.sort()).toEqual([1, 2, 3, 4, 5, 6].map((id) => `{"productId":7,"userId":${id}}`));
});

test('chunked answers are followed to their end', async () => {
  const outcome = await loadOn(
    onBody((_body, _request, response) => {
      response.writeHead(200);
      response.write('a first part');
      setImmediate(() => response.end('and a last'));
    }),
    {},
  );
  expect(outcome.answers).toEqual({ 200: 6 });
});

test('a server that closes after each answer gets a new connection each time', async () => {
  const ports = new Set<number | undefined>();
  const outcome = await loadOn(
    onBody((_body, request, response) => {
      ports.add(request.socket.remotePort);
      response.writeHead(200, { connection: 'close' }).end('{}');
    }),
    { connections: 1 },
  );
  expect(outcome.answers).toEqual({ 200: 6 });
  expect(ports.size).toBe(6);
});

test('a connection that breaks before the answer counts as no answer', async () => {
  const outcome = await loadOn(
    onBody((body, request, response) => {
      if (body.includes('"userId":3')) request.socket.destroy();
      else response.end('{}');
    }),
    {},
  );
  expect(outcome.answers).toEqual({ 0: 1, 200: 5 });
});

test('a request that is never answered counts as no answer when its time is up', async () => {
  const outcome = await loadOn(
    onBody((body, _request, response) => {
      if (!body.includes('"userId":3')) response.end('{}');
    }),
    { timeoutMs: 200 },
  );
  expect(outcome.answers).toEqual({ 0: 1, 200: 5 });
});

test('reads are not counted as orders', async () => {
  const methods = new Set<string | undefined>();
  const outcome = await loadOn(
    onBody((_body, request, response) => {
      methods.add(`${request.method ?? ''} ${request.url?.split('=')[0] ?? ''}`);
      response.end('{}');
    }),
    { readShare: 0.5, userIds: Array.from({ length: 50 }, (_, index) => index + 1) },
  );
  expect(methods).toEqual(new Set(['POST /order', 'GET /order?userId']));
  expect(outcome.orderAnswers).toEqual({ 200: 50 });
  expect(outcome.answers['200']).toBeGreaterThan(50);
});

test('in an open loop a stall counts from when each request was due', async () => {
  let isStalled = true;
  const waiting: (() => void)[] = [];
  const stallMs = 400;
  setTimeout(() => {
    isStalled = false;
    for (const answer of waiting) answer();
  }, stallMs);
  const outcome = await loadOn(
    onBody((_body, _request, response) => {
      const answer = () => void response.end('{}');
      if (isStalled) waiting.push(answer);
      else answer();
    }),
    { connections: 1, arrivalsPerSecond: 100, seconds: 0.6, eachUserOnce: false },
  );
  // One connection: all but the first wait for it, unsent, and would look quick if their time began when they were sent.
  expect(outcome.latencyMs.p50).toBeGreaterThan(100);
  expect(outcome.answers['200']).toBeGreaterThan(50);
});
