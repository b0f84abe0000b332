// `npm run simulate`: runs of the whole shop under faults, each drawn from a seed. Ends with code 1 on a breach, and on a
// planted bug that nobody has found.
import { availableParallelism } from 'node:os';
import path from 'node:path';
import { parseArgs } from 'node:util';
import { STATE_DIR } from '../../local/places.ts';
import { BUGS } from './bugs.ts';
import { readFailure, writeFailure, type Failure } from './failure.ts';
import { addUp } from './tally.ts';
import { startThreads, type Threads } from './threads.ts';

const USAGE = `npm run simulate -- [options]
  --seed N       the first seed (1)
  --runs N       how many seeds (1000)
  --threads N    how many run at once (one for each core)
  --replay FILE  runs the failure that is written there
  --bug NAME     plants a bug; ${Object.keys(BUGS).join(' | ')}
  --bugs         plants each bug alone, and wants it found within 2,000 runs`;
const JOB_RUNS = 25;
/** A planted bug must show within so many runs. */
const BUG_RUNS = 2_000;
/** So many failures are enough to look at. */
const MOST_FAILURES = 5;

const { values } = parseArgs({
  options: {
    seed: { type: 'string', default: '1' },
    runs: { type: 'string', default: '1000' },
    threads: { type: 'string', default: String(availableParallelism()) },
    replay: { type: 'string' },
    bug: { type: 'string' },
    bugs: { type: 'boolean', default: false },
    help: { type: 'boolean', default: false },
  },
});
const [seed, runs, threadCount] = [values.seed, values.runs, values.threads].map(Number);
const areNumbers = [seed, runs, threadCount].every((each) => Number.isInteger(each));
const isKnown = values.bug === undefined || Object.hasOwn(BUGS, values.bug);
if (values.help || !areNumbers || !isKnown) {
  console.log(USAGE);
  process.exit(values.help ? 0 : 1);
}
const threads = startThreads(threadCount ?? 1);
try {
  process.exitCode = (await main(threads)) ? 0 : 1;
} finally {
  await threads.end();
}

async function main(threads: Threads): Promise<boolean> {
  if (values.replay !== undefined) return replay(threads, values.replay);
  const clean = await simulate(threads, {
    seed: seed ?? 1,
    runs: runs ?? 0,
    bug: values.bug ?? null,
  });
  return values.bugs ? (await findBugs(threads)) && clean : clean;
}

/** Runs the seeds, tells of failures as they come, and says whether there was none. */
async function simulate(
  threads: Threads,
  wanted: { readonly seed: number; readonly runs: number; readonly bug: string | null },
): Promise<boolean> {
  const { bug } = wanted;
  const end = wanted.seed + wanted.runs;
  const startedAt = performance.now();
  const sum = { runs: 0, events: 0, virtualMs: 0, failures: 0 };
  const struck: Record<string, number> = {};
  let next = wanted.seed;
  const work = async (): Promise<void> => {
    while (next < end && sum.failures < MOST_FAILURES) {
      const fromSeed = next;
      next += JOB_RUNS;
      let from = fromSeed;
      const to = Math.min(fromSeed + JOB_RUNS, end);
      while (from < to && sum.failures < MOST_FAILURES) {
        const done = await threads.run({ fromSeed: from, runs: to - from, bug, shrinks: true });
        from += done.runs;
        sum.runs += done.runs;
        sum.events += done.events;
        sum.virtualMs += done.virtualMs;
        addUp(struck, done.struck);
        if (done.failure === undefined) continue;
        sum.failures += 1;
        tell(done.failure);
      }
    }
  };
  await Promise.all(Array.from({ length: threadCount ?? 1 }, work));
  const seconds = (performance.now() - startedAt) / 1000;
  console.log(
    `simulation: ${sum.runs} runs from seed ${wanted.seed} in ${seconds.toFixed(1)} s ` +
      `(${(sum.runs / seconds).toFixed(0)}/s, ${sum.events} events, ${(sum.virtualMs / 3_600_000).toFixed(1)} h of their time): ` +
      (sum.failures === 0 ? 'clean' : `${sum.failures} failed`),
  );
  const kinds = Object.entries(struck).sort(([, a], [, b]) => b - a);
  console.log(`  struck: ${kinds.map(([kind, count]) => `${count} ${kind}`).join(', ')}`);
  return sum.failures === 0;
}

function tell(failure: Failure): void {
  const file = writeFailure(path.join(STATE_DIR, 'simulation'), failure);
  console.log(`seed ${failure.seed} FAILED under ${failure.faults.length} faults:`);
  for (const fault of failure.faults) console.log(`  fault   ${JSON.stringify(fault)}`);
  for (const breach of failure.breaches.slice(0, 5)) console.log(`  breach  ${breach}`);
  console.log(`  again   npm run simulate -- --replay ${path.relative('.', file)}`);
}

async function replay(threads: Threads, file: string): Promise<boolean> {
  const { seed: fromSeed, bug, faults } = readFailure(file);
  const { failure } = await threads.run({ fromSeed, runs: 1, bug, faults, shrinks: false });
  if (failure === undefined) console.log(`seed ${fromSeed}: clean`);
  else for (const breach of failure.breaches) console.log(`breach  ${breach}`);
  return failure === undefined;
}

/** Plants each bug alone. Each must be found, by a run that is clean without it. */
async function findBugs(threads: Threads): Promise<boolean> {
  const found = await Promise.all(
    Object.keys(BUGS).map(async (bug) => {
      const planted = await threads.run({ fromSeed: 1, runs: BUG_RUNS, bug, shrinks: false });
      const fromSeed = planted.failure?.seed ?? 1;
      const sound = await threads.run({ fromSeed, runs: 1, bug: null, shrinks: false });
      return { bug, planted, sound };
    }),
  );
  for (const { bug, planted, sound } of found) {
    const at = planted.failure === undefined ? 'NOT FOUND' : `run ${planted.failure.seed}`;
    const breach = planted.failure?.breaches[0]?.slice(0, 90) ?? `in ${planted.runs} runs`;
    const without = sound.failure === undefined ? '' : ' (FAILS WITHOUT IT, TOO)';
    console.log(`  ${bug.padEnd(42)} ${at.padEnd(10)} ${breach}${without}`);
  }
  const missed = found.filter(
    ({ planted, sound }) => planted.failure === undefined || sound.failure !== undefined,
  );
  console.log(`planted bugs: ${found.length - missed.length} of ${found.length} found`);
  return missed.length === 0;
}
