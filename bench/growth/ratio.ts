// How sure a ratio of two medians is.
import { median } from '../report/statistics.ts';

const RESAMPLES = 1_000;
const TAIL = 0.025;
/** Of the generator below: any whole number. The same timings give the same interval. */
const SEED = 20_260_101;

/** A ratio of medians, and the interval that holds 95 % of what resampled timings give. */
export interface RatioOfMedians {
  readonly ratio: number;
  readonly low: number;
  readonly high: number;
}

/** What a bound is to such a ratio; 'within noise': the interval has it inside. */
export type Verdict = 'met' | 'missed' | 'within noise';

/** Median of `long` ÷ median of `short`, with a bootstrap of both. Throws for no timings. */
export function ratioOfMedians(short: readonly number[], long: readonly number[]): RatioOfMedians {
  const random = createRandom(SEED);
  const resampled = (values: readonly number[]) =>
    median(values.map(() => values[Math.floor(random() * values.length)] ?? 0));
  const ratios = Array.from({ length: RESAMPLES }, () => resampled(long) / resampled(short));
  ratios.sort((a, b) => a - b);
  const at = (share: number) => ratios[Math.floor(share * (RESAMPLES - 1))] ?? 0;
  return { ratio: median(long) / median(short), low: at(TAIL), high: at(1 - TAIL) };
}

/** Judges whether the ratio is at most `bound`. */
export function judgeAtMost({ low, high }: RatioOfMedians, bound: number): Verdict {
  if (high <= bound) return 'met';
  return low > bound ? 'missed' : 'within noise';
}

/** Mulberry32: numbers from 0 to 1. */
function createRandom(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}
