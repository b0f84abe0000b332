// `npm run bench:growth`: what appends, loads and the relay's reads cost as a log gets longer.
import { statfsSync } from 'node:fs';
import os from 'node:os';
import { LaunchFailure } from '../../local/failure.ts';
import { onStopRequest } from '../../local/process/stopRequest.ts';
import { createReport, describeFailure } from '../../local/report.ts';
import { createShutdown } from '../../local/shutdown.ts';
import { figure } from '../report/format.ts';
import { LEAST_EVENTS, parseGrowthArguments, type GrowthArguments } from './arguments.ts';
import { requireDurable, settle, startGrowthServer, type GrowthServer } from './database.ts';
import { measureGrowth, measureLongStream, openLog } from './measure.ts';
import { runUnder } from '../runUnder.ts';
import { writeGrowth, type LongStream, type Step } from './write.ts';

const MOST_LONG_STREAM = 100_000;
const SHORT_LOG_EVENTS = 1_000;
/** A row of about 450 bytes, its indexes, and what the server keeps to undo and redo. */
const BYTES_PER_EVENT = 1_000;
const INTERRUPTED = 130;

const report = createReport(process.stdout);
const shutdown = createShutdown(report);
onStopRequest(() => {
  void shutdown.run().then(() => process.exit(INTERRUPTED));
});

try {
  const wishes = parseGrowthArguments(process.argv.slice(2));
  const startedAt = new Date().toISOString();
  const loadAverageBefore = os.loadavg()[0] ?? 0;
  const server = await startGrowthServer(report, shutdown);
  requireDisk(server, wishes.maxEvents);
  const steps = await measureLengths(server, wishes);
  const longStreams = await measureLongStreams(server, wishes);
  const machine = `${os.cpus()[0]?.model ?? 'unknown'}, ${os.cpus().length} cores`;
  const results = { startedAt, machine, loadAverageBefore, steps, longStreams };
  report.print(writeGrowth(results, wishes.isPublished));
  await shutdown.run();
} catch (error) {
  if (!shutdown.hasBegun()) {
    report.print(describeFailure(error));
    await shutdown.run();
    process.exitCode = 1;
  }
}

function requireDisk({ dataDir }: GrowthServer, maxEvents: number): void {
  const { bavail, bsize } = statfsSync(dataDir);
  const needed = maxEvents * BYTES_PER_EVENT;
  if (bavail * bsize > 2 * needed) return;
  throw new LaunchFailure(
    `${figure(needed / 1e9)} GB are needed in ${dataDir}, twice that must be free`,
    'Make room, or give a smaller --max-events.',
  );
}

function lengthsTo(maxEvents: number): number[] {
  const lengths: number[] = [];
  for (let events = LEAST_EVENTS; events <= maxEvents; events *= 10) lengths.push(events);
  return lengths;
}

async function measureLengths(
  server: GrowthServer,
  { maxEvents, whileFilling, whileMeasuring }: GrowthArguments,
): Promise<Step[]> {
  const long = await openLog(server, 'orders');
  const steps: Step[] = [];
  for (const events of lengthsTo(maxEvents)) {
    report.step('fill', `${figure(events)} events`);
    // A new one each time: measuring makes it longer.
    const short = await openLog(server, 'orders');
    await runUnder(whileFilling, async () => {
      await long.fillTo(events);
      await short.fillTo(SHORT_LOG_EVENTS);
      await settle(server);
    });
    await requireDurable(server);
    report.step('measure', `${figure(events)} events`);
    const timings = await runUnder(whileMeasuring, () => measureGrowth(short, long));
    steps.push({ events, timings });
    await short.database.drop();
  }
  await long.database.drop();
  return steps;
}

async function measureLongStreams(
  server: GrowthServer,
  { maxEvents, whileFilling, whileMeasuring }: GrowthArguments,
): Promise<LongStream[]> {
  const log = await openLog(server, 'one-stream');
  const found: LongStream[] = [];
  for (const events of lengthsTo(Math.min(maxEvents, MOST_LONG_STREAM))) {
    report.step('measure', `one stream of ${figure(events)} events`);
    await runUnder(whileFilling, () => log.fillTo(events));
    await requireDurable(server);
    const times = await runUnder(whileMeasuring, () => measureLongStream(log));
    found.push({ events, ...times });
  }
  await log.database.drop();
  return found;
}
