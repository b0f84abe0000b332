// `npm run bench:scale`: how throughput changes with replicas, partitions and products. Writes scale.json and scale.md to
// bench/out, with `-- --publish` to bench/. `--while-measuring COMMAND` (such as `flock FILE`) runs around each
// round of some 4 minutes.
import { mkdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { parseArgs } from 'node:util';
import { CHECKOUT } from '../../local/places.ts';
import { runAlone, withOrderflow, type Alone } from '../alone.ts';
import { measureRun, type Subject } from '../measure/measureRun.ts';
import { printRun } from '../printRun.ts';
import { figure, spreadInWords, table } from '../report/format.ts';
import { spreadOf } from '../report/statistics.ts';
import type { RunResult } from '../results.ts';
import { runUnder } from '../runUnder.ts';
import { AMPLE_EXTENT, scenarioOf } from '../scenarios.ts';
import { lookAtMachine } from '../setting.ts';
import { SHAPES, type Shape } from './shapes.ts';

const ROUNDS = 2;
const CONNECTIONS = 256;
/** After each start; the window of each load has a shorter one of its own. */
const START_WARMUP_SECONDS = 8;
const WARMUP_SECONDS = 2;
const WINDOW_SECONDS = 4;

/** One load in one round. */
interface ScaleRun {
  readonly shape: Shape;
  readonly products: number;
  readonly run: RunResult;
}

const { values: wishes } = parseArgs({
  options: {
    publish: { type: 'boolean', default: false },
    'while-measuring': { type: 'string' },
  },
});
await runAlone(measureScale);

async function measureScale(alone: Alone): Promise<void> {
  const machine = lookAtMachine();
  const runs: ScaleRun[] = [];
  // In turn, so that what slows the machine for a while slows all of them.
  for (let round = 1; round <= ROUNDS; round += 1)
    await runUnder(wishes['while-measuring'], async () => {
      for (const shape of SHAPES) runs.push(...(await measureShape(alone, shape, round)));
    });
  write(alone, machine, runs);
  const wrong = runs.flatMap(({ run }) => run.bookFaults);
  if (wrong.length > 0) throw new Error(`Wrong books: ${wrong.join('; ')}`);
}

function measureShape(alone: Alone, shape: Shape, round: number): Promise<ScaleRun[]> {
  const { replicas, partitions } = shape;
  const scenario = scenarioOf('spread', AMPLE_EXTENT);
  const options = { replicas, environment: { TOPIC_PARTITIONS: String(partitions) } };
  alone.report.step('bench', `round ${round} of ${ROUNDS}: ${shape.name}`);
  return withOrderflow(alone, scenario.userCount, options, async (subject) => {
    const measure = (products: number, warmupSeconds: number) =>
      measureProducts(alone, subject, products, round, warmupSeconds);
    const runs: ScaleRun[] = [];
    for (const [index, products] of shape.products.entries()) {
      const run = await measure(products, index === 0 ? START_WARMUP_SECONDS : WARMUP_SECONDS);
      runs.push({ shape, products, run });
    }
    return runs;
  });
}

async function measureProducts(
  { ground, report }: Alone,
  subject: Subject,
  products: number,
  round: number,
  warmupSeconds: number,
): Promise<RunResult> {
  const usual = scenarioOf(products === 1 ? 'hot' : 'spread', AMPLE_EXTENT);
  const scenario = { ...usual, productCount: products };
  const options = { connections: CONNECTIONS, warmupSeconds, seconds: WINDOW_SECONDS, round };
  const run = await measureRun(ground, subject, scenario, options);
  printRun(report, run);
  return run;
}

function write(
  { report }: Alone,
  machine: ReturnType<typeof lookAtMachine>,
  runs: readonly ScaleRun[],
): void {
  const folder = path.join(CHECKOUT, 'bench', wishes.publish ? '' : 'out');
  mkdirSync(folder, { recursive: true });
  const groups = Map.groupBy(runs, ({ shape, products }) => `${shape.name}/${products}`);
  const rows = [...groups.values()].flatMap((group) => {
    const [first] = group;
    if (first === undefined) return [];
    const spreadOfRuns = (of: (run: RunResult) => number) =>
      spreadInWords(spreadOf(group.map(({ run }) => of(run))));
    return [
      [
        first.shape.name,
        `${first.shape.replicas} × ${first.shape.replicas}`,
        String(first.shape.partitions),
        figure(first.products),
        spreadOfRuns(({ load }) => load.perSecond),
        spreadOfRuns(({ processes }) =>
          processes.reduce((sum, each) => sum + each.cpuMicrosecondsPerOrder, 0),
        ),
        spreadOfRuns(({ commitsPerOrder }) => commitsPerOrder),
      ],
    ];
  });
  const head = [
    '',
    'orders × inventory',
    'partitions',
    'products',
    'orders/s',
    'CPU µs an order',
    'commits an order',
  ];
  const markdown = table(head, rows);
  const json = JSON.stringify(
    { ...machine, rounds: ROUNDS, connections: CONNECTIONS, runs },
    undefined,
    1,
  );
  writeFileSync(path.join(folder, 'scale.json'), `${json}\n`);
  writeFileSync(path.join(folder, 'scale.md'), `${markdown}\n`);
  report.print(markdown);
}
