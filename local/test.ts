// `npm test`: lint, types, structure and all tests, against MySQL and Kafka that it brings up for this run and takes down again;
// with Docker, the services of the end-to-end tests are containers of their own images. Chaos has servers of its own. What only
// computes runs beside what waits for servers (testLanes.ts).
import { mkdirSync, readFileSync, rmSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { parseTestArguments, TEST_HELP, type TestArguments, type TestStage } from './arguments.ts';
import { findLodging } from './embedded/account.ts';
import { releaseMemory } from './embedded/memory.ts';
import { canRunEmbedded } from './embedded/programs.ts';
import { infraEnvironment, type InfraAccess } from './infra/infra.ts';
import { provideTestImages, type TestImages } from './infra/testImages.ts';
import { startTestInfra } from './infra/testInfra.ts';
import { ownedName, removeLeftovers } from './leftovers.ts';
import { STATE_DIR, testPlaces } from './places.ts';
import { startScript, type RunningScript } from './process/stage.ts';
import { startWarden } from './process/startWarden.ts';
import { onStopRequest } from './process/stopRequest.ts';
import { createReport, describeFailure } from './report.ts';
import { readSettings, type LauncherSettings } from './settings.ts';
import { createShutdown } from './shutdown.ts';
import { divideStages } from './testLanes.ts';
import { describeResults, parseJestCounts, whyFailed, type StageResult } from './testResults.ts';

const NEEDS_IMAGES: readonly TestStage[] = ['e2e', 'images'];
const NEEDS_INFRA: readonly TestStage[] = ['integration', ...NEEDS_IMAGES];
const JEST_STAGES: readonly TestStage[] = ['unit', 'charts', ...NEEDS_INFRA];
const CHAOS_MINUTES = '3';
const CORES = os.availableParallelism();
/** They wait for servers most of the time, so on two cores as well two files run at once; jest's own choice would be one. */
const INTEGRATION_WORKERS = CORES === 2 ? 2 : Math.max(1, CORES - 1);
const INTERRUPTED = 130;

/** What the tests of the later stages run on. */
interface Ground {
  readonly access: InfraAccess;
  readonly images: TestImages;
}

const report = createReport(process.stdout);
const shutdown = createShutdown(report);
const places = testPlaces(ownedName('test'));
/** For the processes of Node that tests start, the same few programs again and again; the run's own, and gone with it. */
const COMPILED = { NODE_COMPILE_CACHE: path.join(STATE_DIR, places.name, 'compiled') };
const running = new Set<RunningScript>();
/** Aborted: no further stage begins. */
const ending = new AbortController();
const isEnding = () => ending.signal.aborted;

onStopRequest((why) => {
  if (isEnding()) return; // it is under way
  ending.abort();
  report.print('');
  report.step('test', `${why}: ending the tests and what was started for them`);
  void endScripts()
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
  if (!isEnding()) {
    await takeDown();
    process.exit(conclude(wishes, results));
  }
} catch (error) {
  if (!isEnding()) {
    ending.abort();
    report.print(describeFailure(error));
    await endScripts(); // of the lane that did not fail
    await takeDown();
    process.exit(1);
  }
}

async function runStages(wishes: TestArguments): Promise<StageResult[]> {
  const settings = readSettings();
  const ground = wishes.stages.some((stage) => NEEDS_INFRA.includes(stage))
    ? bringUp(wishes, settings)
    : undefined;
  // It comes up while the first stages run; its failure is looked at where it is needed.
  ground?.catch(() => undefined);
  const lanes = divideStages(wishes.stages);
  const results: StageResult[] = [];
  const runLane = async (stages: readonly TestStage[], isBeside: boolean) => {
    for (const stage of stages) {
      const found = NEEDS_INFRA.includes(stage) ? await ground : undefined;
      if (isEnding()) return;
      results.push(await runStage(stage, settings, found, isBeside));
    }
  };
  await Promise.all([runLane(lanes.main, false), runLane(lanes.beside, true)]);
  await runLane(lanes.after, false);
  return results.toSorted(
    (a, b) => wishes.stages.indexOf(a.stage) - wishes.stages.indexOf(b.stage),
  );
}

async function bringUp(wishes: TestArguments, settings: LauncherSettings): Promise<Ground> {
  const { source, access } = await startTestInfra(wishes.infra, places, settings, report, shutdown);
  const images: TestImages = wishes.stages.some((stage) => NEEDS_IMAGES.includes(stage))
    ? await provideTestImages(source, places, settings, report, shutdown)
    : { problem: 'no stage of this run uses them' };
  return { access, images };
}

async function runStage(
  stage: TestStage,
  settings: LauncherSettings,
  ground: Ground | undefined,
  isBeside: boolean,
): Promise<StageResult> {
  const notRun = whyNotRun(stage, settings, ground);
  if (notRun !== undefined) {
    report.step('test', `stage ${stage} is not run: ${notRun}`);
    return { stage, exitCode: 0, seconds: 0, counts: undefined, notRun };
  }
  report.step('test', `stage ${stage}${isBeside ? ', beside the others' : ''}`);
  const startedAt = performance.now();
  const isJest = JEST_STAGES.includes(stage);
  const resultFile = path.join(places.logDir, `${stage}.json`);
  const logFile = isBeside ? path.join(places.logDir, `${stage}.log`) : undefined;
  const script = startScript({
    name: stage,
    script: isJest ? 'jest' : stage,
    args: argumentsOf(stage, resultFile),
    env: { ...settings.inherited, ...groundEnvironment(ground), ...(isJest ? COMPILED : {}) },
    ...{ runDir: places.runDir, logFile },
  });
  running.add(script);
  const exitCode = await script.exitCode;
  running.delete(script);
  if (logFile !== undefined && !isEnding()) {
    const told = (readIfThere(logFile) ?? '').trimEnd();
    report.step('test', `stage ${stage} has ended with code ${exitCode}`);
    if (told !== '') report.print(told);
  }
  return {
    stage,
    exitCode,
    seconds: (performance.now() - startedAt) / 1000,
    counts: isJest ? parseJestCounts(readIfThere(resultFile)) : undefined,
  };
}

/** What a stage lacks on this machine; undefined: nothing. */
function whyNotRun(
  stage: TestStage,
  settings: LauncherSettings,
  ground: Ground | undefined,
): string | undefined {
  if (stage === 'images' && ground !== undefined && 'problem' in ground.images)
    return ground.images.problem;
  if (stage === 'chaos' && !canRunEmbedded(findLodging(), settings))
    return 'it kills servers that are child processes, which need Java 17 and Maven';
  return undefined;
}

function argumentsOf(stage: TestStage, resultFile: string): string[] {
  if (stage === 'chaos') return ['--minutes', CHAOS_MINUTES];
  if (!JEST_STAGES.includes(stage)) return [];
  const args = ['--selectProjects', stage, '--json', `--outputFile=${resultFile}`];
  return stage === 'integration' ? [...args, `--maxWorkers=${INTEGRATION_WORKERS}`] : args;
}

function groundEnvironment(ground: Ground | undefined): Record<string, string> {
  if (ground === undefined) return {};
  const { access, images } = ground;
  return {
    ...infraEnvironment(access),
    // Empty where there are none: a tag in the environment of this command would be that of another run.
    ORDERFLOW_TEST_IMAGES: 'tag' in images ? images.tag : '',
  };
}

function conclude(wishes: TestArguments, results: readonly StageResult[]): number {
  const failure = whyFailed(wishes.stages, results);
  const verdict = failure === undefined ? 'All green' : `FAILED (${failure})`;
  report.print(`\n${verdict} after ${report.elapsed()} s.${describeResults(results)}`);
  return failure === undefined ? 0 : 1;
}

async function endScripts(): Promise<void> {
  await Promise.all([...running].map((script) => script.stop()));
}

/** Takes the infrastructure down and removes this run's data. */
async function takeDown(): Promise<void> {
  await shutdown.run();
  const { home } = findLodging();
  rmSync(path.join(home, places.name), { recursive: true, force: true });
  releaseMemory(places.name);
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
