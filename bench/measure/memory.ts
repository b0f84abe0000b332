// Resident sets, looked at again and again.
import type { MeasuredProcess } from '../processes.ts';
import type { MemorySample } from '../results.ts';
import { readProcessUse } from './processUse.ts';

/** Samples until it is stopped. */
export interface MemoryWatch {
  readonly stop: () => readonly MemorySample[];
}

/** Looks at the processes at once and then every `intervalMs`. */
export function watchMemory(
  processes: readonly MeasuredProcess[],
  intervalMs: number,
): MemoryWatch {
  const startedAt = performance.now();
  const samples: MemorySample[] = [];
  const look = () => {
    samples.push({
      atSeconds: (performance.now() - startedAt) / 1_000,
      rssMib: Object.fromEntries(
        processes.map(({ name, pid }) => [name, readProcessUse(pid).rssMib]),
      ),
    });
  };
  look();
  const timer = setInterval(look, intervalMs);
  return {
    stop: () => {
      clearInterval(timer);
      look();
      return samples;
    },
  };
}
