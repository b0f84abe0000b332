// The checks checked: each planted bug must be found by what it breaks, in a run that is clean without it.
import { BUGS } from './bugs.ts';
import type { Threads } from './threads.ts';

/** A planted bug must show within so many runs. */
export const BUG_RUNS = 2_000;

/** Plants each bug alone, tells which run found it, and says whether all were found. */
export async function huntBugs(threads: Threads): Promise<boolean> {
  const trials = Array.from({ length: BUG_RUNS }, (_, index) => ({ seed: index + 1 }));
  const found = await Promise.all(
    Object.keys(BUGS).map(async (bug) => {
      const planted = await threads.run({ trials, bug, wantsItsBreach: true, shrinks: false });
      const same = planted.failure === undefined ? [] : [{ seed: planted.failure.seed }];
      const sound = await threads.run({ trials: same, bug: null, shrinks: false });
      return { bug, planted, sound };
    }),
  );
  for (const { bug, planted, sound } of found) {
    const at = planted.failure === undefined ? 'NOT FOUND' : `run ${planted.failure.seed}`;
    const breach =
      planted.failure?.breaches[0]?.split('\n')[0]?.slice(0, 90) ?? `in ${planted.runs} runs`;
    const without = sound.failure === undefined ? '' : ' (FAILS WITHOUT IT, TOO)';
    console.log(`  ${bug.padEnd(42)} ${at.padEnd(10)} ${breach}${without}`);
  }
  const missed = found.filter(
    ({ planted, sound }) => planted.failure === undefined || sound.failure !== undefined,
  );
  console.log(`planted bugs: ${found.length - missed.length} of ${found.length} found`);
  return missed.length === 0;
}
