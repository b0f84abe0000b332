// Looks for each contender's best pool size.
import type { Report } from '../local/report.ts';
import type { BenchArguments } from './arguments.ts';
import type { Contender } from './contenders/contender.ts';
import { titleOf } from './contenders/contenders.ts';
import type { Ground } from './ground.ts';
import { measureRun } from './measure/measureRun.ts';
import type { SweepResult } from './results.ts';
import { scenarios } from './scenarios.ts';
import type { OnStage } from './stage.ts';

const SWEPT = ['hot', 'spread'];
const WARMUP_SECONDS = 2;
const WINDOW_SECONDS = 4;

/** Tries every pool size of a contender in `hot` and `spread`, with the most connections that are asked for. */
export async function sweepPoolSizes(
  ground: Ground,
  onStage: OnStage,
  contender: Contender,
  wishes: BenchArguments,
  report: Report,
): Promise<SweepResult[]> {
  const swept = scenarios(wishes.extent).filter(({ name }) => SWEPT.includes(name));
  const users = Math.max(...swept.map(({ userCount }) => userCount));
  const options = {
    connections: Math.max(...wishes.connections),
    warmupSeconds: WARMUP_SECONDS,
    seconds: WINDOW_SECONDS,
    round: 1,
  };
  const results: SweepResult[] = [];
  for (const poolSize of contender.poolSizes) {
    await onStage(contender, poolSize, users, async (subject) => {
      for (const scenario of swept) {
        const { load, bookFaults } = await measureRun(ground, subject, scenario, options);
        const { name, variant } = contender;
        const { perSecond } = load;
        results.push({
          contender: name,
          variant,
          scenario: scenario.name,
          poolSize,
          perSecond,
          bookFaults,
        });
        report.step('bench', `  ${scenario.name.padEnd(7)} ${perSecond.toFixed(0)}/s`);
      }
    });
  }
  report.step(
    'bench',
    `${titleOf(contender.name, contender.variant)}: a pool of ${bestPoolSize(contender, results)} is best`,
  );
  return results;
}

/**
 * The pool size with the highest geometric mean over the scenarios swept: one size for all, as somebody who runs the system
 * would have to choose one; a scenario with higher rates does not outweigh the other. The usual size where none was swept.
 */
export function bestPoolSize(contender: Contender, sweeps: readonly SweepResult[]): number {
  const own = sweeps.filter(
    ({ contender: name, variant }) => name === contender.name && variant === contender.variant,
  );
  const scoreOf = (size: number) =>
    own
      .filter(({ poolSize }) => poolSize === size)
      .reduce((product, { perSecond }) => product * perSecond, 1);
  const sizes = [...new Set(own.map(({ poolSize }) => poolSize))];
  return sizes.sort((a, b) => scoreOf(b) - scoreOf(a))[0] ?? contender.usualPoolSize;
}
