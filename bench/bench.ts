// `npm run bench`: measures Orderflow beside other ways to build the same, on servers of the benchmark's own.
import { setTimeout as after } from 'node:timers';
import { onStopRequest } from '../local/process/stopRequest.ts';
import { createReport, describeFailure, type Report } from '../local/report.ts';
import { readSettings } from '../local/settings.ts';
import { createShutdown, type Shutdown } from '../local/shutdown.ts';
import { BENCH_HELP, parseBenchArguments, type BenchArguments } from './arguments.ts';
import { runBacklog } from './backlog.ts';
import { contendersOf, titleOf } from './contenders/contenders.ts';
import type { Contender } from './contenders/contender.ts';
import { orderflow } from './contenders/orderflow/orderflow.ts';
import { startGround, type Ground } from './ground.ts';
import { printRun } from './printRun.ts';
import { judgeTargets } from './report/targets.ts';
import type { BenchResults, RunResult, SweepResult } from './results.ts';
import { runRound } from './rounds.ts';
import { describeSetting, lookAtMachine } from './setting.ts';
import { runSoak } from './soak.ts';
import { createStage, type OnStage } from './stage.ts';
import { bestPoolSize, sweepPoolSizes } from './sweep.ts';
import { findVoidReasons } from './voidReasons.ts';
import { writeResults } from './writeResults.ts';

const INTERRUPTED = 130;
const MS_PER_MINUTE = 60_000;

const report = createReport(process.stdout);
const shutdown = createShutdown(report);

function end(why: string, exitCode: number): void {
  if (shutdown.hasBegun()) return; // it is under way
  report.step('bench', `${why}: ending what was started`);
  void shutdown.run().then(() => process.exit(exitCode));
}

onStopRequest((why) => {
  end(why, INTERRUPTED);
});

try {
  const wishes = parseBenchArguments(process.argv.slice(2));
  if (wishes.help) {
    report.print(BENCH_HELP);
  } else {
    after(() => {
      end(`${wishes.limitMinutes} minutes are over`, 1);
    }, wishes.limitMinutes * MS_PER_MINUTE).unref();
    const exitCode = await bench(wishes, report, shutdown);
    await shutdown.run();
    process.exit(exitCode);
  }
} catch (error) {
  // While everything is being ended, what was still running fails, and that is nobody's fault.
  if (!shutdown.hasBegun()) {
    report.print(describeFailure(error));
    await shutdown.run();
    process.exit(1);
  }
}

/** Measures everything and writes it down; gives the exit code: 1 when a book was wrong that must be right. */
async function bench(wishes: BenchArguments, out: Report, ends: Shutdown): Promise<number> {
  const machine = lookAtMachine();
  const ground = await startGround(readSettings(), out, ends);
  const onStage = createStage(ground, out, ends);
  const contenders = contendersOf(wishes.contenders);
  const sweeps: SweepResult[] = [];
  if (wishes.isSwept)
    for (const contender of contenders.filter(({ takesPoolOf }) => takesPoolOf === undefined))
      sweeps.push(...(await sweepPoolSizes(ground, onStage, contender, wishes, out)));
  const poolSizeOf = (contender: Contender) =>
    bestPoolSize(contender.takesPoolOf ?? contender, sweeps);
  const runs = await measureRounds(ground, onStage, contenders, poolSizeOf, wishes, out);
  const soak = await soakIfWished(ground, onStage, poolSizeOf(orderflow), wishes, out);
  const poolSizes = Object.fromEntries(
    contenders.map((each) => [
      `pool of ${titleOf(each.name, each.variant)}`,
      String(poolSizeOf(each)),
    ]),
  );
  const voidReasons = wishes.isQuick ? [] : findVoidReasons(runs);
  // Windows of a moment judge nothing, and neither does a void benchmark.
  const isJudged = !wishes.isQuick && voidReasons.length === 0;
  const results: BenchResults = {
    setting: describeSetting(machine, ground, wishes, poolSizes),
    sweeps,
    runs,
    ...(soak === undefined ? {} : { soak }),
    targets: isJudged ? judgeTargets(runs, soak) : [],
    voidReasons,
  };
  out.step('bench', `results: ${writeResults(results, wishes.isPublished)}`);
  for (const reason of results.voidReasons) out.warn('bench', `void: ${reason}`);
  for (const { target, measured, isMet } of results.targets)
    out.step('bench', `${isMet ? 'met' : 'NOT met'}: ${target}: ${measured.toFixed(2)}`);
  const booksCode = judgeBooks(soak === undefined ? runs : [...runs, soak], out);
  return voidReasons.length > 0 ? 1 : booksCode;
}

async function measureRounds(
  ground: Ground,
  onStage: OnStage,
  contenders: readonly Contender[],
  poolSizeOf: (contender: Contender) => number,
  wishes: BenchArguments,
  out: Report,
): Promise<RunResult[]> {
  const runs: RunResult[] = [];
  const hasBacklog = wishes.scenarios.includes('backlog') && contenders.includes(orderflow);
  // In turn, so that what slows the machine for a while slows all of them.
  for (let round = 1; round <= wishes.rounds; round += 1) {
    out.step('bench', `round ${round} of ${wishes.rounds}`);
    for (const contender of contenders) {
      const size = poolSizeOf(contender);
      runs.push(...(await runRound(ground, onStage, contender, size, round, wishes, out)));
    }
    if (!hasBacklog) continue;
    const size = poolSizeOf(orderflow);
    const run = await runBacklog(ground, onStage, size, wishes, round);
    printRun(out, run);
    runs.push(run);
  }
  return runs;
}

async function soakIfWished(
  ground: Ground,
  onStage: OnStage,
  poolSize: number,
  { soakMinutes, connections, extent }: BenchArguments,
  out: Report,
): Promise<RunResult | undefined> {
  if (soakMinutes === 0) return undefined;
  out.step('bench', `Orderflow at load for ${soakMinutes} minutes`);
  const most = Math.max(...connections);
  const run = await runSoak(ground, onStage, poolSize, soakMinutes, most, extent);
  printRun(out, run);
  return run;
}

/** The demo's books are wrong by its algorithm: that is told, and fails nothing. */
function judgeBooks(runs: readonly RunResult[], out: Report): number {
  const wrong = runs.filter(({ bookFaults }) => bookFaults.length > 0);
  const failed = wrong.filter(({ contender }) => contender !== 'demo');
  const ofDemo = wrong.length - failed.length;
  out.step(
    'bench',
    `${runs.length} runs, ${failed.length} with a wrong book` +
      (ofDemo === 0 ? '' : `; ${ofDemo} more of the demo, which oversells`),
  );
  for (const run of failed)
    out.warn(
      'bench',
      `${titleOf(run.contender, run.variant)}, ${run.scenario}: ${run.bookFaults.join('; ')}`,
    );
  return failed.length === 0 ? 0 : 1;
}
