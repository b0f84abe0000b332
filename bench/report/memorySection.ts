// Resident sets over time, of the runs that are long enough.
import type { BenchResults, RunResult } from '../results.ts';
import { thirdsOf } from './flatMemory.ts';
import { figure, table } from './format.ts';
import { counts } from './selection.ts';

/** The section; '' when no run has its memory watched. */
export function memorySection({ runs, soak }: BenchResults): string {
  const watched = [...runs, ...(soak === undefined ? [] : [soak])].filter(counts);
  const rows = watched.flatMap(rowsOf);
  if (rows.length === 0) return '';
  const head = ['run', 'process', 'MiB, first third', 'MiB, last third', 'last ÷ first'];
  const words = 'Medians of the samples in the first and in the last third of the time.';
  return `## Memory over time\n\n${words}\n\n${table(head, rows)}`;
}

function rowsOf({ scenario, round, load, memory = [] }: RunResult): string[][] {
  const run = `${scenario}, round ${round}, ${figure(load.seconds)} s`;
  return Object.keys(memory[0]?.rssMib ?? {}).flatMap((process) => {
    const thirds = thirdsOf(memory, process);
    if (thirds === undefined) return [];
    const { first, last } = thirds;
    return [[run, process, figure(first), figure(last), figure(last / first)]];
  });
}
