// Preloaded into a process that is traced (node --import): notes when something comes in or goes out, on the clock that all
// processes of a machine share, and writes it on SIGUSR2 to PID.stamps.json in BENCH_PROBE_DIR, for the time since the signal
// before.
import { subscribe } from 'node:diagnostics_channel';
import { mkdirSync, renameSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { Socket } from 'node:net';
import path from 'node:path';
import { z } from 'zod';
import type { Stamp } from '../trace/stamps.ts';
import { readProbeDir } from './config.ts';

const NANOSECONDS_PER_MS = 1e6;

const dir = readProbeDir();
mkdirSync(dir, { recursive: true });
let stamps: Stamp[] = [];

function note(what: Stamp['what'], socket?: Socket): void {
  const atMs = Number(process.hrtime.bigint()) / NANOSECONDS_PER_MS;
  const { remotePort, localPort } = socket ?? {};
  stamps.push({ atMs, what, remotePort, localPort });
}

subscribe('http.server.request.start', () => {
  note('request');
});
subscribe('http.server.response.finish', () => {
  note('answer');
});

/** Calls `before` whenever the method is called, and `after` with what it resolves to. */
function watch(
  prototype: object,
  method: string,
  before: (self: unknown, args: unknown[]) => void,
  after?: (result: unknown) => void,
): void {
  const original: unknown = Reflect.get(prototype, method);
  if (typeof original !== 'function') throw new Error(`There is no ${method} to watch`);
  Reflect.set(prototype, method, function watched(this: unknown, ...args: unknown[]): unknown {
    before(this, args);
    const result: unknown = Reflect.apply(original, this, args);
    if (after !== undefined && result instanceof Promise) void result.then(after, () => undefined);
    return result;
  });
}

watch(Socket.prototype, 'write', (self) => {
  if (self instanceof Socket) note('write', self);
});
watch(Socket.prototype, 'emit', (self, [event]) => {
  if (event === 'data' && self instanceof Socket) note('read', self);
});

// kafkajs has no door to its requests: these are the methods behind which they are sent.
const load: (file: string) => unknown = createRequire(import.meta.url);
const { prototype } = z
  .custom<{ prototype: object }>((loaded) => typeof loaded === 'function')
  .parse(load('kafkajs/src/broker/index.js'));
const fetchAnswer = z.object({
  responses: z.array(
    z.object({ partitions: z.array(z.object({ messages: z.array(z.unknown()) })) }),
  ),
});
watch(prototype, 'produce', () => {
  note('produce');
});
watch(
  prototype,
  'fetch',
  () => undefined,
  (answer) => {
    const { responses } = fetchAnswer.parse(answer);
    const hasMessages = responses.some((topic) =>
      topic.partitions.some(({ messages }) => messages.length > 0),
    );
    if (hasMessages) note('fetched');
  },
);

process.on('SIGUSR2', () => {
  const file = path.join(dir, `${process.pid}.stamps.json`);
  // Renamed when whole: whoever waits for the file never reads half of it.
  writeFileSync(`${file}.draft`, JSON.stringify(stamps));
  renameSync(`${file}.draft`, file);
  stamps = [];
});
