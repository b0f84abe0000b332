// `npm run simulate`: runs of the whole shop under faults, each drawn from a seed. Ends with code 1 on a breach, and on a
// planted bug that nobody has found.
import { availableParallelism } from 'node:os';
import { parseArgs } from 'node:util';
import { BUG_RUNS, huntBugs } from './bugHunt.ts';
import { BUGS } from './bugs.ts';
import { runCampaign } from './campaign.ts';
import { readFailure } from './failure.ts';
import { sweepOf } from './sweep.ts';
import { startThreads, type Threads } from './threads.ts';

const USAGE = `npm run simulate -- [options]
  --seed N       the first seed (1)
  --runs N       how many seeds (1000)
  --sweep        each seed under one fault at a time, at every step that it comes to, instead of the faults that it draws
  --threads N    how many run at once (one for each core)
  --replay FILE  runs the failure that is written there
  --bug NAME     plants a bug: ${Object.keys(BUGS).join(' | ')}
  --bugs         plants each bug alone, and wants it found within ${BUG_RUNS} runs`;

const { values } = parseArgs({
  options: {
    seed: { type: 'string', default: '1' },
    runs: { type: 'string', default: '1000' },
    threads: { type: 'string', default: String(availableParallelism()) },
    sweep: { type: 'boolean', default: false },
    replay: { type: 'string' },
    bug: { type: 'string' },
    bugs: { type: 'boolean', default: false },
    help: { type: 'boolean', default: false },
  },
});
const [seed, runs, threadCount] = [values.seed, values.runs, values.threads].map((word) =>
  /^\d{1,12}$/.test(word) ? Number(word) : undefined,
);
const isBugKnown = values.bug === undefined || Object.hasOwn(BUGS, values.bug);
if (values.help || seed === undefined || runs === undefined || !threadCount || !isBugKnown) {
  console.log(USAGE);
  process.exit(values.help ? 0 : 1);
}
const seeds = Array.from({ length: runs }, (_, index) => seed + index);
const threads = startThreads(threadCount);
try {
  process.exitCode = (await main(threads)) ? 0 : 1;
} finally {
  await threads.end();
}

async function main(threads: Threads): Promise<boolean> {
  const { replay, sweep, bugs, bug = null } = values;
  if (replay !== undefined) return runAgain(threads, replay);
  if (sweep) {
    const trials = (await Promise.all(seeds.map((each) => sweepOf(threads, each)))).flat();
    return runCampaign(threads, { name: `sweep of ${seeds.length} seeds`, trials, bug });
  }
  const trials = seeds.map((each) => ({ seed: each }));
  const name = `simulation from seed ${values.seed}`;
  const isClean = await runCampaign(threads, { name, trials, bug });
  return bugs ? (await huntBugs(threads)) && isClean : isClean;
}

async function runAgain(threads: Threads, file: string): Promise<boolean> {
  const { seed, bug, faults } = readFailure(file);
  const trials = [{ seed, faults }];
  const { failure } = await threads.run({ trials, bug, shrinks: false });
  if (failure === undefined) console.log(`seed ${seed}: clean`);
  else for (const breach of failure.breaches) console.log(`breach  ${breach}`);
  return failure === undefined;
}
