// The command line of `npm run chaos`.
import { parseArgs } from 'node:util';
import { CELLS, findCells } from './cells/cells.ts';
import type { Cell } from './cells/cell.ts';

export const CHAOS_HELP = `npm run chaos -- [options]
  --seed N          of the schedule; the time of day if it is left out, and told in any case
  --minutes N       begin nothing new after so long (3)
  --cells a,b       only cells whose names begin so, e.g. failpoint:orders,kill:broker
  --runs N          runs of each cell, one after the other (1)
  --matrix          every cell until it has all of its runs, or the minutes are over; --resume says where it stands
  --resume FILE     JSON lines: results are added to them, and with --matrix runs that stand there are not made again
  --table           print the table of --resume FILE, and do nothing else
  --list            print the cells`;

/** What was asked for. */
export interface ChaosArguments {
  readonly seed: number;
  readonly minutes: number;
  readonly cells: readonly Cell[];
  readonly runs: number;
  readonly matrix: boolean;
  readonly resultsFile: string | undefined;
  readonly only: 'table' | 'list' | 'help' | undefined;
}

/** A run of a few minutes keeps to one ground: another would cost it a start of its servers. */
const MANY_GROUNDS_FROM_MINUTES = 10;

/** Parses the arguments; throws with the help for a word that is not known. */
export function parseChaosArguments(args: readonly string[]): ChaosArguments {
  const { values } = parseArgs({
    args: [...args],
    options: {
      seed: { type: 'string' },
      minutes: { type: 'string', default: '3' },
      cells: { type: 'string' },
      runs: { type: 'string', default: '1' },
      matrix: { type: 'boolean', default: false },
      resume: { type: 'string' },
      table: { type: 'boolean', default: false },
      list: { type: 'boolean', default: false },
      help: { type: 'boolean', default: false },
    },
  });
  const [seed, minutes, runs] = [
    values.seed === undefined ? Math.floor(Date.now() / 1_000) % 1_000_000 : Number(values.seed),
    Number(values.minutes),
    Number(values.runs),
  ];
  const areNumbers = Number.isInteger(seed) && minutes > 0 && Number.isInteger(runs) && runs > 0;
  if (!areNumbers || (values.table && values.resume === undefined)) throw new Error(CHAOS_HELP);
  const all = values.matrix || minutes >= MANY_GROUNDS_FROM_MINUTES;
  const named = values.cells?.split(',');
  return {
    ...{ seed, minutes, runs, matrix: values.matrix, resultsFile: values.resume },
    cells:
      named === undefined
        ? CELLS.filter(({ ground }) => all || (ground.brokers === 1 && !ground.smallDisks))
        : findCells(named),
    only: onlyOf(values),
  };
}

function onlyOf(values: { table: boolean; list: boolean; help: boolean }): ChaosArguments['only'] {
  if (values.help) return 'help';
  if (values.list) return 'list';
  return values.table ? 'table' : undefined;
}
