// `npm run bench:trace`: where the time of a lone order goes, hop by hop. Writes trace.json, trace.md and charts/trace.svg to
// bench/out, with `-- --publish` to bench/.
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { eventually } from '@orderflow/shared/testing/eventually.ts';
import { CHECKOUT } from '../../local/places.ts';
import { runAlone, withOrderflow, type Alone } from '../alone.ts';
import type { RunningOrderflow } from '../contenders/orderflow/orderflow.ts';
import { measureRun } from '../measure/measureRun.ts';
import { printRun } from '../printRun.ts';
import { probeDir } from '../processes.ts';
import { figure, table } from '../report/format.ts';
import { median } from '../report/statistics.ts';
import { AMPLE_EXTENT, scenarioOf, usersNeeded } from '../scenarios.ts';
import { lookAtMachine } from '../setting.ts';
import { drawTrace } from './drawTrace.ts';
import { HOPS, hopsOfOrders } from './hops.ts';
import { parseStamps, type Stamp } from './stamps.ts';

const PRELOAD = 'bench/probe/stamps.ts';
/** Far enough from each other that nothing of the order before is still under way. */
const ORDERS_PER_SECOND = 20;
const WARMUP_SECONDS = 10;
const WINDOW_SECONDS = 20;
/** Fewer whole traces prove nothing. */
const LEAST_ORDERS = 200;

const isPublished = process.argv.includes('--publish');
await runAlone(measureTrace);

async function measureTrace(alone: Alone): Promise<void> {
  const machine = lookAtMachine();
  const scenario = scenarioOf('lone', AMPLE_EXTENT);
  const options = { preload: PRELOAD };
  await withOrderflow(alone, usersNeeded([scenario]), options, async (subject, running) => {
    const run = await measureRun(alone.ground, subject, scenario, {
      connections: 1,
      arrivalsPerSecond: ORDERS_PER_SECOND,
      warmupSeconds: WARMUP_SECONDS,
      seconds: WINDOW_SECONDS,
      round: 1,
    });
    printRun(alone.report, run);
    const orders = hopsOfOrders(
      {
        gateway: await readStamps(alone, running, 'gateway'),
        orders: await readStamps(alone, running, 'orders'),
        inventory: await readStamps(alone, running, 'inventory'),
      },
      { orders: running.portOf('orders'), mysql: alone.ground.mysql.port },
    );
    if (orders.length < LEAST_ORDERS) throw new Error(`${orders.length} whole traces are too few`);
    const { startedAt, commit } = machine;
    const clientMs = run.load.latencyMs;
    write(alone, { startedAt, commit, clientMs, orders });
  });
}

async function readStamps(
  { ground }: Alone,
  { processes }: RunningOrderflow,
  name: string,
): Promise<Stamp[]> {
  const pid = processes.find((each) => each.name === name)?.pid;
  const file = path.join(probeDir(ground), `${pid}.stamps.json`);
  await eventually(() => existsSync(file), `the stamps of ${name} are written`);
  return parseStamps(readFileSync(file, 'utf8'));
}

function write(
  { report }: Alone,
  {
    orders,
    ...setting
  }: {
    readonly startedAt: string;
    readonly commit: string;
    readonly clientMs: { readonly p50: number; readonly p99: number };
    readonly orders: readonly (readonly number[])[];
  },
): void {
  const at = (index: number, share: number) => {
    const sorted = orders.map((hops) => hops[index] ?? 0).sort((a, b) => a - b);
    return sorted[Math.floor(share * (sorted.length - 1))] ?? 0;
  };
  const hops = HOPS.map((hop, index) => ({
    ...hop,
    medianMs: at(index, 0.5),
    p90Ms: at(index, 0.9),
  }));
  const totals = orders.map((each) => each.reduce((sum, ms) => sum + ms, 0));
  const totalMs = median(totals);
  const rows = hops.map(({ name, lane, medianMs, p90Ms }) => [
    name,
    lane,
    figure(medianMs),
    figure(p90Ms),
  ]);
  const markdown = table(['hop', 'where', 'median ms', 'p90 ms'], rows);
  const folder = path.join(CHECKOUT, 'bench', isPublished ? '' : 'out');
  mkdirSync(path.join(folder, 'charts'), { recursive: true });
  const result = { ...setting, orders: orders.length, totalMs, hops };
  writeFileSync(path.join(folder, 'trace.json'), `${JSON.stringify(result, undefined, 1)}\n`);
  const title = `A lone order, ${figure(totalMs)} ms: median of each hop over ${orders.length} orders, in ms, commit ${setting.commit}`;
  const svg = drawTrace(
    title,
    hops.map(({ medianMs }) => medianMs),
  );
  writeFileSync(path.join(folder, 'charts', 'trace.svg'), svg);
  report.print(
    `${markdown}\n\n${orders.length} orders, median ${figure(totalMs)} ms in the gateway's eyes\n`,
  );
}
