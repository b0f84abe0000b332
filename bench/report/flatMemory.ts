// Whether resident sets stay where they are while a system is at work.
import type { MemorySample } from '../results.ts';
import { median } from './statistics.ts';

/** Fewer samples have no thirds worth comparing. */
const LEAST_SAMPLES = 9;

/** Medians of a process's resident set in the first and in the last third of the time, MiB. */
export interface Thirds {
  readonly first: number;
  readonly last: number;
}

/** A process's resident set early and late; undefined when fewer than nine samples have the process. */
export function thirdsOf(samples: readonly MemorySample[], process: string): Thirds | undefined {
  const sizes = samples.flatMap(({ rssMib }) => rssMib[process] ?? []);
  if (sizes.length < LEAST_SAMPLES) return undefined;
  const third = Math.floor(sizes.length / 3);
  return { first: median(sizes.slice(0, third)), last: median(sizes.slice(-third)) };
}

/** Last third ÷ first third of the process that grew most; undefined when one of them cannot be judged. */
export function largestGrowthOf(
  samples: readonly MemorySample[],
  processes: readonly string[],
): number | undefined {
  const thirds = processes.map((process) => thirdsOf(samples, process));
  const known = thirds.filter((each) => each !== undefined);
  if (known.length < thirds.length || known.length === 0) return undefined;
  return Math.max(...known.map(({ first, last }) => last / first));
}
