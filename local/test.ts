// `npm test`: lint, types, structure and all tests, against MySQL and Kafka that it brings up for this run and takes down again.
import { mkdirSync, readFileSync, rmSync } from 'node:fs';
import path from 'node:path';
import { parseTestArguments, TEST_HELP, type TestArguments, type TestStage } from './arguments.ts';
import { findLodging } from './embedded/account.ts';
import { infraEnvironment, type InfraAccess } from './infra/infra.ts';
import { startTestInfra } from './infra/testInfra.ts';
import { ownedName, removeLeftovers } from './leftovers.ts';
import { STATE_DIR, testPlaces } from './places.ts';
import { startScript } from './process/stage.ts';
import { startWarden } from './process/startWarden.ts';
import { onStopRequest } from './process/stopRequest.ts';
import { createReport, describeFailure } from './report.ts';
import { readSettings, type LauncherSettings } from './settings.ts';
import { createShutdown } from './shutdown.ts';
import { describeResults, parseJestCounts, whyFailed, type StageResult } from './testResults.ts';

const NEEDS_INFRA: readonly TestStage[] = ['integration', 'e2e'];
const JEST_STAGES: readonly TestStage[] = ['unit', ...NEEDS_INFRA];
const INTERRUPTED = 130;

const report = createReport(process.stdout);
const shutdown = createShutdown(report);
const places = testPlaces(ownedName('test'));
let endStage = () => Promise.resolve();
const interruption = new AbortController();
const isInterrupted = () => interruption.signal.aborted;

onStopRequest((why) => {
  if (isInterrupted()) return; // it is under way
  interruption.abort();
  report.print('');
  report.step('test', `${why}: ending the tests and what was started for them`);
  void endStage()
    .then(takeDown)
    .then(() => process.exit(INTERRUPTED));
});

try {
  const wishes = parseTestArguments(process.argv.slice(2));
  if (wishes.help) {
    report.print(TEST_HELP);
    process.exit(0);
  }
  await removeLeftovers(STATE_DIR);
  mkdirSync(places.logDir, { recursive: true });
  startWarden(places.runDir);
  const results = await runStages(wishes);
  if (!isInterrupted()) {
    await takeDown();
    process.exit(conclude(wishes, results));
  }
} catch (error) {
  if (!isInterrupted()) {
    report.print(describeFailure(error));
    await takeDown();
    process.exit(1);
  }
}

async function runStages(wishes: TestArguments): Promise<StageResult[]> {
  const settings = readSettings();
  const infra = wishes.stages.some((stage) => NEEDS_INFRA.includes(stage))
    ? startTestInfra(wishes.infra, places, settings, report, shutdown)
    : undefined;
  // It comes up while lint and types run; its failure is looked at where it is needed.
  infra?.catch(() => undefined);
  const results: StageResult[] = [];
  for (const stage of wishes.stages) {
    const access = NEEDS_INFRA.includes(stage) ? await infra : undefined;
    if (isInterrupted()) break;
    results.push(await runStage(stage, settings, access));
  }
  return results;
}

async function runStage(
  stage: TestStage,
  settings: LauncherSettings,
  access: InfraAccess | undefined,
): Promise<StageResult> {
  report.step('test', `stage ${stage}`);
  const startedAt = performance.now();
  const isJest = JEST_STAGES.includes(stage);
  const resultFile = path.join(places.logDir, `${stage}.json`);
  const args = isJest ? ['--selectProjects', stage, '--json', `--outputFile=${resultFile}`] : [];
  const env = { ...settings.inherited, ...(access === undefined ? {} : infraEnvironment(access)) };
  const script = startScript(isJest ? 'jest' : stage, args, env, places.runDir);
  endStage = script.stop;
  const exitCode = await script.exitCode;
  endStage = () => Promise.resolve();
  return {
    stage,
    exitCode,
    seconds: (performance.now() - startedAt) / 1000,
    counts: isJest ? parseJestCounts(readIfThere(resultFile)) : undefined,
  };
}

function conclude(wishes: TestArguments, results: readonly StageResult[]): number {
  const failure = whyFailed(wishes.stages, results);
  const verdict = failure === undefined ? 'All green' : `FAILED (${failure})`;
  report.print(`\n${verdict} after ${report.elapsed()} s.${describeResults(results)}`);
  return failure === undefined ? 0 : 1;
}

/** Takes the infrastructure down and removes this run's data. */
async function takeDown(): Promise<void> {
  await shutdown.run();
  const { home } = findLodging();
  rmSync(path.join(home, places.name), { recursive: true, force: true });
  await removeLeftovers(home); // clusters of tests that were ended in the middle
  rmSync(path.join(STATE_DIR, places.name), { recursive: true, force: true });
}

function readIfThere(file: string): string | undefined {
  try {
    return readFileSync(file, 'utf8');
  } catch {
    return undefined;
  }
}
