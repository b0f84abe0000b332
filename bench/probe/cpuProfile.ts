// Preloaded into a process that is profiled (node --import): between one SIGUSR2 and the next, which the benchmark sends when
// its measured window begins and ends, it samples, and then writes PID.cpuprofile in BENCH_PROBE_DIR.
import { mkdirSync, renameSync, writeFileSync } from 'node:fs';
import { Session } from 'node:inspector';
import path from 'node:path';
import { readProbeDir } from './config.ts';

const SAMPLING_MICROSECONDS = 1_000;

const dir = readProbeDir();
mkdirSync(dir, { recursive: true });
const session = new Session();
session.connect();
session.post('Profiler.enable');
session.post('Profiler.setSamplingInterval', { interval: SAMPLING_MICROSECONDS });
let isSampling = false;

process.on('SIGUSR2', () => {
  isSampling = !isSampling;
  if (isSampling) {
    session.post('Profiler.start');
    return;
  }
  session.post('Profiler.stop', (error, result) => {
    if (error !== null) throw error;
    const file = path.join(dir, `${process.pid}.cpuprofile`);
    // Renamed when whole: whoever waits for the file never reads half of it.
    writeFileSync(`${file}.draft`, JSON.stringify(result.profile));
    renameSync(`${file}.draft`, file);
  });
});
