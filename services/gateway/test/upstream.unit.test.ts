// One request to a service: over kept connections, and certain about what was sent.
import type { Socket } from 'node:net';
import { eventually } from '@orderflow/shared/testing/eventually.ts';
import { createUpstream, send, UpstreamFailure, type Upstream } from '../src/upstream.ts';
import { endAll, onEnd, startService } from './gatewayFixture.ts';

afterEach(endAll);

const GET = { method: 'GET', path: '/', headers: [], timeoutMs: 5_000 };

function upstreamAt(url: string): Upstream {
  const upstream = createUpstream('test', url);
  onEnd(() => {
    upstream.agent.destroy();
  });
  return upstream;
}

function keptBy({ agent }: Upstream): readonly Socket[] {
  return Object.values(agent.freeSockets).flatMap((sockets) => sockets ?? []);
}

/** One request and its answer, until its connection is back in the pool. */
async function sendOnce(upstream: Upstream): Promise<void> {
  (await send(upstream, GET)).head.resume();
  await eventually(() => keptBy(upstream).length > 0, 'the connection is kept');
}

async function failureOf(upstream: Upstream, sent = GET): Promise<UpstreamFailure> {
  const error: unknown = await send(upstream, sent).catch((failure: unknown) => failure);
  if (error instanceof UpstreamFailure) return error;
  throw new Error('It did not fail');
}

describe('a request to a service', () => {
  it('takes a kept connection and leaves nothing on it', async () => {
    const service = await startService((_request, response) => response.end());
    let connections = 0;
    service.server.on('connection', () => (connections += 1));
    const upstream = upstreamAt(service.url);
    const listeners = () =>
      keptBy(upstream).map((socket) => [
        socket.listenerCount('connect'),
        socket.listenerCount('close'),
      ]);
    await sendOnce(upstream);
    const first = listeners();
    for (let round = 0; round < 3; round += 1) await sendOnce(upstream);
    expect(listeners()).toEqual(first);
    expect(connections).toBe(1);
  });

  it('that finds nobody has sent nothing', async () => {
    const failure = await failureOf(upstreamAt('http://127.0.0.1:9'));
    expect(failure).toMatchObject({ nothingSent: true, reusedConnection: false, timedOut: false });
    expect(failure.message).toContain('ECONNREFUSED');
  });

  it('that breaks on a new connection may have arrived', async () => {
    const service = await startService((_request, response) => response.destroy());
    expect(await failureOf(upstreamAt(service.url))).toMatchObject({
      nothingSent: false,
      reusedConnection: false,
    });
  });

  it('that breaks on a kept connection may have arrived', async () => {
    const service = await startService((_request, response) => {
      if (service.received.length > 1) response.destroy();
      else response.end();
    });
    const upstream = upstreamAt(service.url);
    await sendOnce(upstream);
    expect(await failureOf(upstream)).toMatchObject({ nothingSent: false, reusedConnection: true });
  });

  it('that is not answered in time may have arrived', async () => {
    const service = await startService(() => undefined);
    const sent = { ...GET, timeoutMs: 50 };
    expect(await failureOf(upstreamAt(service.url), sent)).toMatchObject({
      nothingSent: false,
      timedOut: true,
    });
  });
});
