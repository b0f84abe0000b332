// How a process ends: on signals, on faults, with its parent. Each test runs a real process.
import { spawn, type ChildProcessWithoutNullStreams } from 'node:child_process';
import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { eventually } from '@orderflow/shared/testing/eventually.ts';

const FIXTURE = path.join(import.meta.dirname, 'serviceFixture.ts');

interface Fixture {
  readonly child: ChildProcessWithoutNullStreams;
  /** Messages of the log so far; of stopped parts, their names. */
  readonly messages: () => readonly string[];
  readonly exitCode: Promise<number | null>;
}

const running = new Set<ChildProcessWithoutNullStreams>();

function run(env: Record<string, string> = {}): Fixture {
  const child = spawn(process.execPath, [FIXTURE], { env });
  running.add(child);
  let output = '';
  child.stdout.on('data', (chunk: Buffer) => (output += chunk.toString()));
  const messages = () =>
    output
      .split('\n')
      .slice(0, -1)
      .map((line) => {
        const { msg, part } = JSON.parse(line) as { msg: string; part?: string };
        return msg === 'part stopped' ? (part ?? '') : msg;
      });
  const exitCode = new Promise<number | null>((resolve) => {
    child.once('close', (code) => {
      running.delete(child);
      resolve(code);
    });
  });
  return { child, messages, exitCode };
}

async function started(env: Record<string, string> = {}): Promise<Fixture> {
  const fixture = run(env);
  await eventually(() => fixture.messages().includes('started'), 'the service has started');
  return fixture;
}

afterEach(() => {
  for (const child of running) child.kill('SIGKILL');
});

describe('a service process', () => {
  it.each(['SIGTERM', 'SIGINT'] as const)(
    'stops its parts on %s, the last started first, and exits with 0',
    async (signal) => {
      const { child, messages, exitCode } = await started();
      child.kill(signal);
      expect(await exitCode).toBe(0);
      expect(messages()).toEqual([
        'started',
        'stopping',
        'http',
        'consumer',
        'database',
        'stopped',
      ]);
    },
  );

  it('keeps its compiled code as soon as it has started, for the start after a kill -9', async () => {
    const cache = mkdtempSync(path.join(tmpdir(), 'orderflow-compiled-'));
    const { child, exitCode } = await started({ NODE_COMPILE_CACHE: cache });
    const kept = () => readdirSync(cache, { recursive: true, withFileTypes: true });
    await eventually(() => kept().some((entry) => entry.isFile()), 'compiled code is kept');
    child.kill('SIGKILL');
    await exitCode;
    rmSync(cache, { recursive: true });
  });

  it('takes the second signal for the same wish', async () => {
    const { child, messages, exitCode } = await started();
    child.kill('SIGINT');
    await eventually(() => messages().includes('stopping'), 'the service is stopping');
    child.kill('SIGTERM');
    child.kill('SIGINT');
    expect(await exitCode).toBe(0);
    expect(messages().filter((message) => message === 'stopping')).toHaveLength(1);
    expect(messages()).toContain('database');
  });

  it('exits with 1 when a part does not stop in time', async () => {
    const { child, messages, exitCode } = await started({ FAULT: 'hang', DRAIN_TIMEOUT_MS: '100' });
    child.kill('SIGTERM');
    expect(await exitCode).toBe(1);
    expect(messages()).toContain('did not stop in time');
  });

  it('exits with 1 when a part fails to stop, after it has stopped the others', async () => {
    const { child, messages, exitCode } = await started({ FAULT: 'stop' });
    child.kill('SIGTERM');
    expect(await exitCode).toBe(1);
    expect(messages().slice(2)).toEqual(['http', 'could not stop', 'database', 'stopped']);
  });

  it('exits with 1 when it cannot start, after it has stopped what had started', async () => {
    const { messages, exitCode } = run({ FAULT: 'start' });
    expect(await exitCode).toBe(1);
    expect(messages()).toEqual(['could not start', 'stopping', 'database', 'stopped']);
  });

  it('stops in order and exits with 1 when a part cannot go on', async () => {
    const { messages, exitCode } = run({ FAULT: 'fail' });
    expect(await exitCode).toBe(1);
    expect(messages()).toEqual(expect.arrayContaining(['no progress', 'http', 'database']));
  });

  it.each([
    ['uncaught', 'uncaught exception'],
    ['unhandled', 'unhandled rejection'],
  ])('exits with 1 at once on an %s error, and says so', async (fault, message) => {
    const { messages, exitCode } = run({ FAULT: fault });
    expect(await exitCode).toBe(1);
    expect(messages()).toContain(message);
    expect(messages()).not.toContain('stopping');
  });

  it('exits with 78 when its settings are wrong, and names them', async () => {
    const { messages, exitCode } = run({ PORT: 'x', DRAIN_TIMEOUT_MS: '0' });
    expect(await exitCode).toBe(78);
    expect(messages()).toHaveLength(1);
    expect(messages()[0]).toMatch(/PORT: given "x".*\n.*DRAIN_TIMEOUT_MS: given "0"/);
  });

  it('dies at an armed failpoint as of kill -9, having warned of it at its start', async () => {
    const { child, messages, exitCode } = run({
      FAULT: 'crash',
      FAILPOINTS: 'relay.sent=kill@1',
      DRAIN_TIMEOUT_MS: '5000',
    });
    expect(await exitCode).toBeNull();
    expect(child.signalCode).toBe('SIGKILL');
    expect(messages()).toEqual([expect.stringContaining('FAILPOINTS is set'), 'started']);
  });

  it('refuses failpoints in production', async () => {
    const { messages, exitCode } = run({
      FAILPOINTS: 'relay.sent=kill@1',
      NODE_ENV: 'production',
    });
    expect(await exitCode).toBe(78);
    expect(messages()[0]).toContain('FAILPOINTS: given, expected nothing');
  });

  it('ends with its parent when it is told to', async () => {
    const { child, messages, exitCode } = await started({ EXIT_WITH_PARENT: 'true' });
    child.stdin.end();
    expect(await exitCode).toBe(0);
    expect(messages()).toContain('database');
  });

  it('outlives its standard input otherwise', async () => {
    const { child, exitCode } = await started();
    child.stdin.end();
    child.kill('SIGTERM');
    expect(await exitCode).toBe(0);
  });
});
