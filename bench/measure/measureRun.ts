// One run: products of its own, a load, what it took, and the books afterwards.
import type { Contender, RunningContender } from '../contenders/contender.ts';
import type { Ground } from '../ground.ts';
import type { LoadOutcome, LoadPlan } from '../load/plan.ts';
import type { RunResult } from '../results.ts';
import type { Scenario } from '../scenarios.ts';
import { findBookFaults } from './books.ts';
import { createBatchCounter } from './recordBatches.ts';
import { runLoadProcess } from './startLoad.ts';
import { lookAtUsage, usageBetween, type Usage } from './usage.ts';

const ANSWER_LIMIT_MS = 30_000;
/** Of a load whose end is its number of orders and not its time. */
const DROP_LIMIT_SECONDS = 300;

/** A contender that runs, with its users. */
export interface Subject {
  readonly contender: Contender;
  readonly running: RunningContender;
  readonly userIds: readonly number[];
}

/** How a run is done. */
export interface RunOptions {
  readonly connections: number;
  readonly arrivalsPerSecond?: number;
  readonly warmupSeconds: number;
  readonly seconds: number;
  readonly round: number;
}

/** Does one run. Rejects when the load or the contender breaks, not when the books are wrong: that is in the result. */
export async function measureRun(
  ground: Ground,
  subject: Subject,
  scenario: Scenario,
  options: RunOptions,
): Promise<RunResult> {
  const { contender, running } = subject;
  const productIds = await running.seedProducts(scenario.productCount, scenario.stock);
  const plan = planOf(subject, scenario, options, productIds);
  const batches =
    running.topicPrefix === undefined
      ? undefined
      : createBatchCounter(ground.kafkaLogDir, running.topicPrefix);
  batches?.count(); // what there is already takes time, which the beginning of the window has not
  const moments: Usage[] = [];
  const outcome = await runLoadProcess(plan, ground.settings.inherited, () => {
    moments.push(lookAtUsage(ground, running, batches));
  });
  const [before, after] = moments;
  if (before === undefined || after === undefined) throw new Error('The load told no window');
  const counted = countAnswers(outcome, scenario);
  const { cpuMicroseconds } = outcome;
  const used = await usageBetween(before, after, counted, ground, running, cpuMicroseconds);
  const books = await running.readBooks(productIds);
  const died = running.processes.filter((each) => each.hasExited());
  return {
    contender: contender.name,
    variant: contender.variant,
    scenario: scenario.name,
    connections: options.connections,
    round: options.round,
    ...(options.arrivalsPerSecond === undefined
      ? {}
      : { arrivalsPerSecond: options.arrivalsPerSecond }),
    load: {
      seconds: outcome.seconds,
      answers: outcome.answers,
      perSecond: counted / outcome.seconds,
      latencyMs: outcome.latencyMs,
    },
    ...used,
    processes: [...used.processes, loadFigures(outcome, counted)],
    bookFaults: [
      ...findBookFaults(books, { stock: scenario.stock, orderAnswers: outcome.orderAnswers }),
      ...answerFaults(outcome, scenario, options),
      ...died.map(({ name }) => `${name} ended during the run`),
    ],
  };
}

/** Errors come quicker than decisions: a latency that counts them is worth nothing. */
function answerFaults(
  { answers }: LoadOutcome,
  { name, eachUserOnce, userCount }: Scenario,
  { arrivalsPerSecond }: RunOptions,
): string[] {
  const others = Object.keys(answers).filter((status) => status !== '200');
  const isLatency = name === 'lone' || arrivalsPerSecond !== undefined;
  if (isLatency && others.length > 0) return [`Answers other than 200: ${others.join(', ')}`];
  const decided = (answers['200'] ?? 0) + (answers['409'] ?? 0);
  if (eachUserOnce && decided !== userCount)
    return [`${userCount} ordered once, ${decided} were decided`];
  return [];
}

function planOf(
  { running, userIds }: Subject,
  scenario: Scenario,
  options: RunOptions,
  productIds: number[],
): LoadPlan {
  const { eachUserOnce, firstUser, userCount, readShare } = scenario;
  return {
    ...running.address,
    connections: options.connections,
    arrivalsPerSecond: options.arrivalsPerSecond,
    // Orders of a warm-up would be missing in the window.
    warmupSeconds: eachUserOnce ? 0 : options.warmupSeconds,
    seconds: eachUserOnce ? DROP_LIMIT_SECONDS : options.seconds,
    timeoutMs: ANSWER_LIMIT_MS,
    readShare,
    userIds: userIds.slice(firstUser, firstUser + userCount),
    productIds,
    eachUserOnce,
    seed: options.round,
  };
}

/** Decided orders: 200, and 409 for a refusal; reads that were answered count as well where there are any. */
function countAnswers({ answers }: LoadOutcome, scenario: Scenario): number {
  const refusals = scenario.name === 'drop' ? (answers['409'] ?? 0) : 0;
  return (answers['200'] ?? 0) + refusals;
}

function loadFigures(outcome: LoadOutcome, counted: number) {
  return {
    name: 'load',
    cpuMicrosecondsPerOrder: counted === 0 ? 0 : outcome.cpuMicroseconds / counted,
    rssMib: outcome.rssMib,
  };
}
