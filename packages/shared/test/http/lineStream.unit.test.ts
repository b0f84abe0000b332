// Lines both ways over a socket: cut right, written together, bounded, and given up when the other side is dead.
import { connect, createServer, type Socket } from 'node:net';
import type { AddressInfo } from 'node:net';
import fc from 'fast-check';
import {
  createLineStream,
  type LineStream,
  type LineStreamOptions,
} from '@orderflow/shared/http/lineStream.ts';
import { eventually } from '@orderflow/shared/testing/eventually.ts';

const server = createServer();
beforeAll(() => new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve)));
afterAll(() => new Promise((resolve) => server.close(resolve)));

const opened: Socket[] = [];
afterEach(() => {
  for (const socket of opened.splice(0)) socket.destroy();
});

/** A stream whose other end is a plain socket. */
async function open(options: Partial<LineStreamOptions> = {}, head: Buffer = Buffer.alloc(0)) {
  const lines: string[] = [];
  const closed: (Error | undefined)[] = [];
  const accepted = new Promise<Socket>((resolve) => server.once('connection', resolve));
  const other = connect((server.address() as AddressInfo).port, '127.0.0.1');
  const socket = await accepted;
  opened.push(
    other.on('error', () => undefined),
    socket,
  );
  const stream: LineStream = createLineStream(socket, head, {
    lineLimitBytes: 1_000,
    onLines: (received) => lines.push(...received),
    onClose: (error) => closed.push(error),
    ...options,
  });
  return { stream, other, lines, closed };
}

describe('lines', () => {
  it('come as they were written, wherever the bytes are cut', async () => {
    const line = fc
      .string({ unit: 'grapheme', minLength: 1, maxLength: 20 })
      .map((text) => text.replaceAll('\n', ' '));
    await fc.assert(
      fc.asyncProperty(
        fc.array(line, { maxLength: 10 }),
        fc.array(fc.nat(200), { maxLength: 10 }),
        async (written, cuts) => {
          const bytes = Buffer.from(written.map((each) => `${each}\n`).join(''));
          const at = [
            0,
            ...cuts.map((cut) => Math.min(cut, bytes.length)).toSorted((a, b) => a - b),
          ];
          const chunks = at.map((from, index) => bytes.subarray(from, at[index + 1]));
          const { other, lines } = await open({}, chunks[0]);
          other.setNoDelay(true);
          for (const chunk of chunks.slice(1))
            await new Promise((resolve) => other.write(chunk, resolve));
          await eventually(() => lines.length === written.length, 'all lines have come');
          expect(lines).toEqual(written);
        },
      ),
      { numRuns: 40 },
    );
  });

  it('of one turn of the event loop go out in one piece, with what goes with them', async () => {
    const { stream, other } = await open({
      onFlush: () => {
        stream.write('last');
      },
    });
    const chunks: string[] = [];
    other.on('data', (chunk: Buffer) => chunks.push(chunk.toString()));
    stream.write('a');
    await Promise.resolve();
    stream.write('b');
    await eventually(() => chunks.length > 0, 'they have come');
    expect(chunks[0]).toBe('a\nb\nlast\n');
  });

  it.each([
    ['in one piece', [`ok\n${'x'.repeat(1_001)}\n`]],
    ['between two others', [`ok\n${'x'.repeat(1_001)}\nok\n`]],
    ['that never ends', ['ok\n', 'x'.repeat(600), 'x'.repeat(600)]],
  ])('that are too long (%s) end the stream', async (_how, chunks) => {
    const { other, closed } = await open();
    for (const chunk of chunks) await new Promise((resolve) => other.write(chunk, resolve));
    await eventually(() => closed.length === 1, 'the stream is closed');
    expect(closed[0]).toMatchObject({ code: 'line_too_long' });
  });

  it('that cannot be handled end the stream with the reason', async () => {
    const bug = new Error('not a line that I know');
    const { other, closed } = await open({
      onLines: () => {
        throw bug;
      },
    });
    other.write('what\n');
    await eventually(() => closed.length === 1, 'the stream is closed');
    expect(closed).toEqual([bug]);
  });
});

describe('a stream', () => {
  it('ends in order when the other side does, with what was written before', async () => {
    const { stream, other, closed } = await open();
    let text = '';
    other.on('data', (chunk: Buffer) => (text += chunk.toString()));
    stream.write('bye');
    other.end();
    await eventually(() => closed.length === 1, 'both sides have ended');
    expect(closed).toEqual([undefined]);
    expect(text).toBe('bye\n');
  });

  it('lives while the other side sends heartbeats, and says some itself', async () => {
    const { other, lines, closed } = await open({ heartbeatMs: 10 });
    let beats = 0;
    other.on('data', (chunk: Buffer) => {
      beats += chunk.length;
      other.write('\n');
    });
    await eventually(() => beats > 10, 'it has beaten for longer than it bears silence');
    expect({ lines, closed }).toEqual({ lines: [], closed: [] });
  });

  it('is given up when the other side falls silent', async () => {
    const { other, closed } = await open({ heartbeatMs: 10 });
    other.resume();
    await eventually(() => closed.length === 1, 'the silence is noticed');
    expect(closed[0]).toMatchObject({ code: 'stream_silent', retryable: true });
  });
});
