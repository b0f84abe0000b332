// What `npm run bench` is told.
import { parseArgs } from 'node:util';
import { LaunchFailure } from '../local/failure.ts';
import type { ContenderName, ScenarioName } from './results.ts';
import { AMPLE_EXTENT, type Extent } from './scenarios.ts';

export const BENCH_HELP = `npm run bench -- [OPTIONS]

Measures Orderflow beside other ways to build the same, on a MariaDB and a Kafka of its own. Over an hour; with
--seconds 4 --warmup 2 some 35 minutes.

  --quick                under 4 minutes, for the books alone: fails when one is wrong, judges no time
  --rounds N             how often each contender is measured, in turn (3)
  --seconds N            length of a measured window (10)
  --warmup N             seconds of load before it (3)
  --contenders A,B       of orderflow, orderflow-replicas, demo, monolith, monolith-batched (all)
  --scenarios A,B        of hot, spread, drop, mixed, lone, backlog (all)
  --connections N,M      closed loops of so many clients (64,256)
  --no-sweep             take the usual pool sizes and do not look for the best
  --soak MINUTES         and then Orderflow at load for so long, for its memory (0)
  --publish              write bench/report.md, bench/results.json and bench/charts/, which are committed,
                         instead of bench/out/
`;

const CONTENDERS: readonly ContenderName[] = [
  'orderflow',
  'orderflow-replicas',
  'demo',
  'monolith',
  'monolith-batched',
];
const SCENARIOS: readonly ScenarioName[] = ['hot', 'spread', 'drop', 'mixed', 'lone', 'backlog'];

/** What is to be measured, and how. */
export interface BenchArguments {
  readonly help: boolean;
  readonly isQuick: boolean;
  readonly rounds: number;
  readonly seconds: number;
  readonly warmupSeconds: number;
  readonly contenders: readonly ContenderName[];
  readonly scenarios: readonly ScenarioName[];
  readonly connections: readonly number[];
  readonly isSwept: boolean;
  readonly soakMinutes: number;
  readonly isPublished: boolean;
  readonly extent: Extent;
  /** Orders that wait for inventory in `backlog`. */
  readonly backlogOrders: number;
  /** The whole of it is ended then. */
  readonly limitMinutes: number;
}

const QUICK = {
  rounds: 1,
  seconds: 1.5,
  warmupSeconds: 0.5,
  connections: [64],
  extent: { spreadProducts: 200, dropBuyers: 2_000 },
  backlogOrders: 5_000,
  limitMinutes: 10,
};
const FULL = {
  rounds: 3,
  seconds: 10,
  warmupSeconds: 3,
  connections: [64, 256],
  extent: AMPLE_EXTENT,
  backlogOrders: 100_000,
  limitMinutes: 180,
};

/** Reads the arguments. A LaunchFailure for one that is not known or makes no sense. */
export function parseBenchArguments(args: readonly string[]): BenchArguments {
  const values = parse(args);
  const usual = values.quick ? QUICK : FULL;
  const soakMinutes = numberOf('--soak', values.soak, 0, 0, 600);
  return {
    ...usual,
    help: values.help,
    isQuick: values.quick,
    rounds: numberOf('--rounds', values.rounds, usual.rounds, 1, 100),
    seconds: numberOf('--seconds', values.seconds, usual.seconds, 1, 600),
    warmupSeconds: numberOf('--warmup', values.warmup, usual.warmupSeconds, 0, 600),
    contenders: namesOf('--contenders', values.contenders, CONTENDERS),
    scenarios: namesOf('--scenarios', values.scenarios, SCENARIOS),
    connections:
      values.connections === undefined
        ? usual.connections
        : values.connections.split(',').map((text) => numberOf('--connections', text, 0, 1, 4_096)),
    isSwept: !values.quick && !values['no-sweep'],
    soakMinutes,
    isPublished: values.publish,
    limitMinutes: usual.limitMinutes + 2 * soakMinutes,
  };
}

function parse(args: readonly string[]) {
  try {
    return parseArgs({
      args: [...args],
      options: {
        help: { type: 'boolean', default: false },
        quick: { type: 'boolean', default: false },
        rounds: { type: 'string' },
        seconds: { type: 'string' },
        warmup: { type: 'string' },
        contenders: { type: 'string' },
        scenarios: { type: 'string' },
        connections: { type: 'string' },
        'no-sweep': { type: 'boolean', default: false },
        soak: { type: 'string' },
        publish: { type: 'boolean', default: false },
      },
    }).values;
  } catch (error) {
    throw wrong(error instanceof Error ? error.message : String(error));
  }
}

function numberOf(
  option: string,
  text: string | undefined,
  usual: number,
  min: number,
  max: number,
): number {
  if (text === undefined) return usual;
  const value = Number(text);
  if (text !== '' && value >= min && value <= max) return value;
  throw wrong(`${option} ${text} is no number from ${min} to ${max}`);
}

function namesOf<Name extends string>(
  option: string,
  text: string | undefined,
  known: readonly Name[],
): readonly Name[] {
  if (text === undefined) return known;
  const wanted = text.split(',');
  const strange = wanted.find((name) => !known.some((each) => each === name));
  if (strange !== undefined) throw wrong(`${option} ${strange} is none of ${known.join(', ')}`);
  return known.filter((name) => wanted.includes(name));
}

function wrong(what: string): LaunchFailure {
  return new LaunchFailure(what, 'npm run bench -- --help');
}
