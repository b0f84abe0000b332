// `npm run bench:growth`: what appends, loads and the relay's reads cost as a log gets longer.
import { mkdirSync, statfsSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { parseArgs } from 'node:util';
import { LaunchFailure } from '../../local/failure.ts';
import { CHECKOUT } from '../../local/places.ts';
import { onStopRequest } from '../../local/process/stopRequest.ts';
import { createReport, describeFailure } from '../../local/report.ts';
import { createShutdown } from '../../local/shutdown.ts';
import { figure, spreadInWords, table } from '../report/format.ts';
import { drawCurves } from '../report/charts.ts';
import { holdLock } from './holdLock.ts';
import { requireDurable, startGrowthServer, type GrowthServer } from './database.ts';
import { measureGrowth, measureLongStream, openLog, type Timing } from './measure.ts';

const LEAST_EVENTS = 10_000;
const USUAL_EVENTS = 1_000_000;
const MOST_EVENTS = 10_000_000;
const MOST_LONG_STREAM = 100_000;
const SHORT_LOG_EVENTS = 1_000;
/** A row of about 450 bytes, its indexes, and what the server keeps to undo and redo. */
const BYTES_PER_EVENT = 1_000;
const INTERRUPTED = 130;

type LongStream = Awaited<ReturnType<typeof measureLongStream>> & { readonly events: number };
type Step = { readonly events: number; readonly timings: readonly Timing[] };

const report = createReport(process.stdout);
const shutdown = createShutdown(report);
onStopRequest(() => {
  void shutdown.run().then(() => process.exit(INTERRUPTED));
});

try {
  const { maxEvents, lockFile } = readArguments(process.argv.slice(2));
  const startedAt = new Date().toISOString();
  const loadAverageBefore = os.loadavg()[0] ?? 0;
  const server = await startGrowthServer(report, shutdown);
  requireDisk(server, maxEvents);
  const steps = await measureLengths(server, maxEvents, lockFile);
  const longStreams = await measureLongStreams(server, maxEvents, lockFile);
  const machine = `${os.cpus()[0]?.model ?? 'unknown'}, ${os.cpus().length} cores`;
  write({ startedAt, machine, loadAverageBefore, steps, longStreams });
  await shutdown.run();
} catch (error) {
  if (!shutdown.hasBegun()) {
    report.print(describeFailure(error));
    await shutdown.run();
    process.exitCode = 1;
  }
}

/** `--max-events N`, and `--lock FILE`: a lock to hold while measuring, for machines on which others measure too. */
function readArguments(args: readonly string[]) {
  const options = {
    'max-events': { type: 'string', default: String(USUAL_EVENTS) },
    lock: { type: 'string' },
  } as const;
  const { values } = parseArgs({ args: [...args], options });
  const count = Number(values['max-events']);
  if (Number.isInteger(count) && count >= LEAST_EVENTS && count <= MOST_EVENTS)
    return { maxEvents: count, lockFile: values.lock };
  throw new LaunchFailure(
    `--max-events is ${values['max-events']}`,
    `Give a whole number from ${LEAST_EVENTS} to ${MOST_EVENTS}.`,
  );
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
  maxEvents: number,
  lockFile: string | undefined,
): Promise<Step[]> {
  const long = await openLog(server, 'orders');
  const steps: Step[] = [];
  for (const events of lengthsTo(maxEvents)) {
    report.step('fill', `${figure(events)} events`);
    await long.fillTo(events);
    // A new one each time: measuring makes it longer.
    const short = await openLog(server, 'orders');
    await short.fillTo(SHORT_LOG_EVENTS);
    await requireDurable(server);
    report.step('measure', `${figure(events)} events`);
    const timings = await holdLock(lockFile, () => measureGrowth(short, long));
    steps.push({ events, timings });
    await short.database.drop();
  }
  await long.database.drop();
  return steps;
}

async function measureLongStreams(
  server: GrowthServer,
  maxEvents: number,
  lockFile: string | undefined,
): Promise<LongStream[]> {
  const log = await openLog(server, 'one-stream');
  const found: LongStream[] = [];
  for (const events of lengthsTo(Math.min(maxEvents, MOST_LONG_STREAM))) {
    report.step('measure', `one stream of ${figure(events)} events`);
    await log.fillTo(events);
    await requireDurable(server);
    const times = await holdLock(lockFile, () => measureLongStream(log));
    found.push({ events, ...times });
  }
  await log.database.drop();
  return found;
}

function write(results: {
  readonly startedAt: string;
  readonly machine: string;
  readonly loadAverageBefore: number;
  readonly steps: readonly Step[];
  readonly longStreams: readonly LongStream[];
}): void {
  const folder = path.join(CHECKOUT, 'bench', 'out');
  mkdirSync(folder, { recursive: true });
  const { steps, longStreams } = results;
  const rows = steps.flatMap(({ events, timings }) =>
    timings.map(({ name, short, long, ratio }) => [
      name,
      figure(events),
      spreadInWords(short),
      spreadInWords(long),
      figure(ratio),
    ]),
  );
  const head = ['', 'events', 'short log, ms', 'long log, ms', 'ratio of medians'];
  const streamRows = longStreams.map(({ events, loadMs, versionMs }) => [
    figure(events),
    spreadInWords(loadMs),
    spreadInWords(versionMs),
  ]);
  const streams = table(['events in the stream', 'load, ms', 'version alone, ms'], streamRows);
  const markdown = `${table(head, rows)}\n\n${streams}\n`;
  const curves = (steps[0]?.timings ?? []).map(({ name }) => ({
    name: name.replace(' in one commit', ''),
    points: steps.map(({ events, timings }) => ({
      x: Math.log10(events),
      y: timings.find((each) => each.name === name)?.ratio ?? 0,
    })),
  }));
  const title = 'Time on a long log ÷ time on a short log, over the length (powers of ten)';
  writeFileSync(path.join(folder, 'growth.json'), `${JSON.stringify(results, undefined, 1)}\n`);
  writeFileSync(path.join(folder, 'growth.md'), markdown);
  writeFileSync(path.join(folder, 'growth.svg'), drawCurves(title, 'power of ten', curves));
  report.print(markdown);
}
