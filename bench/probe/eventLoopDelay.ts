// Preloaded into a process that is measured (node --import): notes its event loop's delay, and writes it on SIGUSR2 to
// PID.json in BENCH_PROBE_DIR, for the time since the signal before.
import { mkdirSync, renameSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { monitorEventLoopDelay } from 'node:perf_hooks';
import { readProbeDir } from './config.ts';

const RESOLUTION_MS = 10;
const NANOSECONDS_PER_MS = 1e6;

const dir = readProbeDir();
mkdirSync(dir, { recursive: true });
const delay = monitorEventLoopDelay({ resolution: RESOLUTION_MS });
delay.enable();

process.on('SIGUSR2', () => {
  const file = path.join(dir, `${process.pid}.json`);
  // What is recorded is the whole time between two looks, of which RESOLUTION_MS is asked for.
  const p99Ms = Math.max(0, delay.percentile(99) / NANOSECONDS_PER_MS - RESOLUTION_MS);
  // Renamed when whole: whoever waits for the file never reads half of it.
  writeFileSync(`${file}.draft`, JSON.stringify({ p99Ms }));
  renameSync(`${file}.draft`, file);
  delay.reset();
});
