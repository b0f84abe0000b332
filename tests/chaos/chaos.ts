// `npm run chaos`: the whole stack of `npm start` under load while a seeded schedule kills, halts and disturbs it; after each cell
// everything comes to rest and is judged. Ends with code 1 on a breach; with --matrix, which measures,
// also on a recovery over its limit on a quiet machine.
import path from 'node:path';
import { findLodging } from '../../local/embedded/account.ts';
import { CHAOS_HELP, parseChaosArguments, type ChaosArguments } from './arguments.ts';
import { CELLS } from './cells/cells.ts';
import { commitOfTree } from './commitOfTree.ts';
import { createRandom } from './random.ts';
import { appendResult, readResults, renderResults, runsOf, type Result } from './results.ts';
import { createCellRunner, type Part } from './runCells.ts';
import { whyNoSmallDisk } from './stack/smallDisk.ts';

/** Below this load average a recovery of the matrix that takes longer than its limit is a failure; above it, it is told alone. */
const QUIET_LOAD = 4;
/** Runs of the matrix between two verdicts. */
const RUNS_PER_PART = 10;

const asked = parseChaosArguments(process.argv.slice(2));
const earlier = asked.resultsFile === undefined ? [] : readResults(asked.resultsFile);
if (asked.only === 'help') console.log(CHAOS_HELP);
else if (asked.only === 'list') for (const { name } of asked.cells) console.log(name);
else if (asked.only === 'table') console.log(renderResults(CELLS, earlier));
else process.exitCode = (await runChaos(asked, earlier)) ? 0 : 1;

async function runChaos(wishes: ChaosArguments, before: readonly Result[]): Promise<boolean> {
  const { minutes, seed, resultsFile } = wishes;
  const startedAt = performance.now();
  const runner = createCellRunner((line) => {
    console.log(line);
  });
  const interruption = new AbortController();
  for (const signal of ['SIGINT', 'SIGTERM'] as const)
    process.once(signal, () => {
      interruption.abort();
      void runner.close().then(() => process.exit(1));
    });
  console.log(`seed ${seed}, ${minutes} minutes, ${wishes.cells.length} cells`);
  const results: Result[] = [];
  const late = { quiet: 0, busy: 0 };
  try {
    for (const part of partsOf(wishes, before)) {
      if (performance.now() - startedAt > minutes * 60_000) break;
      const result = whyNotRun(part) ?? (await runner.run(part));
      // Its stack was ended under it: what it found is no verdict.
      if (interruption.signal.aborted) break;
      results.push(result);
      const isQuiet = result.loadAverage < QUIET_LOAD;
      late[isQuiet ? 'quiet' : 'busy'] += lateRecoveries(result, part.cell.limitMs);
      if (resultsFile !== undefined) appendResult(resultsFile, result);
      console.log(describe(result, part.cell.limitMs));
    }
  } finally {
    await runner.close();
  }
  const breaches = results.reduce((sum, each) => sum + each.breaches.length, 0);
  const runs = results.reduce((sum, each) => sum + each.runs, 0);
  const orders = results.reduce((sum, each) => sum + each.orders, 0);
  console.log(
    `${runs} runs, ${orders} orders, ${breaches} breaches; recoveries over their limit: ` +
      `${late.quiet} below a load average of ${QUIET_LOAD}, ${late.busy} above it`,
  );
  return breaches === 0 && runs > 0 && !(wishes.matrix && late.quiet > 0);
}

function lateRecoveries({ recoveriesMs }: Result, limitMs: number): number {
  return recoveriesMs.filter((recoveryMs) => recoveryMs > limitMs).length;
}

/**
 * The matrix: what is missing of each cell, in rounds, so that one that is broken off has tried every cell. Otherwise: all cells
 * in an order of the seed's, again and again.
 */
function* partsOf(wishes: ChaosArguments, before: readonly Result[]): Generator<Part> {
  const { cells, runs, seed, matrix } = wishes;
  let number = 0;
  if (!matrix) {
    const random = createRandom(seed);
    for (;;) for (const cell of random.shuffle(cells)) yield { cell, runs, seed: seed + number++ };
  }
  const most = Math.max(...cells.map(({ matrixRuns }) => matrixRuns));
  for (let made = 0; made < most; made += RUNS_PER_PART) {
    for (const cell of cells) {
      const wanted = Math.min(cell.matrixRuns, made + RUNS_PER_PART);
      const missing = wanted - Math.max(made, runsOf(cell, before));
      if (missing > 0) yield { cell, runs: missing, seed: seed + number++ };
    }
  }
}

/** Full disks need a small file system, which not everybody may mount. */
function whyNotRun({ cell, seed }: Part): Result | undefined {
  if (!cell.ground.smallDisks) return undefined;
  const notRun = whyNoSmallDisk(path.join(findLodging().home, `try-${process.pid}`));
  if (notRun === undefined) return undefined;
  const nothing = { runs: 0, breaches: [], recoveriesMs: [], orders: 0, loadAverage: 0 };
  const base = { at: new Date().toISOString(), commit: commitOfTree(), cell: cell.name, seed };
  return { ...base, notRun, ...nothing };
}

function describe(result: Result, limitMs: number): string {
  const { at, cell, seed, runs, recoveriesMs, breaches, orders, loadAverage, notRun } = result;
  if (notRun !== undefined) return `${at.slice(11, 19)} ${cell}: not run: ${notRun}`;
  const late = lateRecoveries(result, limitMs);
  const lines = [
    `${at.slice(11, 19)} ${cell}, seed ${seed}: ${runs} runs, ${orders} orders, ${breaches.length} breaches, ` +
      `flowing again after ${recoveriesMs.join(', ')} ms` +
      `${late === 0 ? '' : ` (${late} over ${limitMs} ms)`}, load ${loadAverage.toFixed(1)}`,
  ];
  return [...lines, ...breaches.slice(0, 20).map((breach) => `  BREACH ${breach}`)].join('\n');
}
