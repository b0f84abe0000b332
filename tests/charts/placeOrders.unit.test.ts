// What `helm test` runs, tried on shops that are as they should be and on shops that are not.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import path from 'node:path';
import { text } from 'node:stream/consumers';
import { z } from 'zod';
import { chartDir } from '../../local/charts/catalogue.ts';

/** How a shop fails. */
interface Fault {
  /** Sells this many pieces more than it has. */
  readonly oversells?: number;
  /** Forgets to take a sold piece out of the books. */
  readonly forgets?: boolean;
  /** Answers the first orders 503, as while it starts. */
  readonly startsSlowly?: boolean;
  /** Answers orders 202, and decides them a moment later. */
  readonly decidesLate?: boolean;
}

const sent = z.object({ count: z.number().optional() });

/** A shop in a few lines: one user, one product, and its books. */
function createShop(fault: Fault): Server {
  let left = 0;
  let pieces = 0;
  let sold = 0;
  let unready = fault.startsSlowly === true ? 3 : 0;
  const sell = (): boolean => {
    if (sold >= pieces + (fault.oversells ?? 0)) return false;
    sold += 1;
    if (fault.forgets !== true && left > 0) left -= 1;
    return true;
  };
  const answer = (response: ServerResponse, status: number, body: object) => {
    response.writeHead(status, { 'content-type': 'application/json', 'order-id': 'one' });
    response.end(JSON.stringify(body));
  };
  const order = (response: ServerResponse) => {
    if (unready-- > 0) answer(response, 503, { message: 'try again' });
    else if (!sell()) answer(response, 409, { message: 'Product is out of stock' });
    else if (fault.decidesLate === true) answer(response, 202, { message: 'not decided yet' });
    else answer(response, 200, { resp: {} });
  };
  const serve = async (request: IncomingMessage, response: ServerResponse) => {
    const body = await text(request);
    const route = `${request.method ?? ''} ${request.url ?? ''}`;
    if (route === 'POST /order') order(response);
    else if (route === 'POST /user') answer(response, 200, { resp: { id: 7 } });
    else if (route === 'POST /inventory') {
      left = pieces = sent.parse(JSON.parse(body)).count ?? 0;
      answer(response, 200, { resp: { id: 3 } });
    } else if (route === 'GET /inventory') {
      answer(response, 200, { resp: [{ id: 3, count: left }] });
    } else if (route === 'GET /order?userId=7') {
      answer(response, 200, { resp: [{ count: sold }] });
    } else answer(response, 200, { status: 'confirmed', reason: null });
  };
  return createServer((request, response) => void serve(request, response));
}

async function testShop(fault: Fault): Promise<{ exitCode: number; said: string }> {
  const server = createShop(fault).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  const script = path.join(chartDir('gateway'), 'files', 'placeOrders.mjs');
  const child = spawn(process.execPath, [script, `http://127.0.0.1:${port}`, '4', '60']);
  const closed = z.tuple([z.number(), z.unknown()]);
  const [exit, output, complaints] = await Promise.all([
    once(child, 'close'),
    text(child.stdout),
    text(child.stderr),
  ]);
  server.closeAllConnections();
  server.close();
  return { exitCode: closed.parse(exit)[0], said: output + complaints };
}

describe('helm test', () => {
  it.each<[string, Fault]>([
    ['is as it should be', {}],
    ['is still starting', { startsSlowly: true }],
    ['decides after its answer', { decidesLate: true }],
  ])('passes a shop that %s', async (_how, fault) => {
    const { exitCode, said } = await testShop(fault);
    expect([exitCode, said]).toEqual([0, expect.stringContaining('passed')]);
  });

  it('fails a shop that sells what it does not have', async () => {
    const { exitCode, said } = await testShop({ oversells: 1 });
    expect(exitCode).toBe(1);
    expect(said).toContain('FAILED: one order more finds nothing: confirmed');
  });

  it('fails a shop whose books forget a sale', async () => {
    const { exitCode, said } = await testShop({ forgets: true });
    expect(exitCode).toBe(1);
    expect(said).toContain('FAILED: 1 piece is left: 5');
  });
});
