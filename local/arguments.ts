// The command lines of `npm start` and `npm test`: parsed once, with every word that is not known named.
import { parseArgs } from 'node:util';
import { LaunchFailure } from './failure.ts';

/** Where MySQL and Kafka come from. */
export type InfraSource = 'env' | 'docker' | 'embedded';
const INFRA_SOURCES: readonly InfraSource[] = ['env', 'docker', 'embedded'];

/** The stages of `npm test`, in the order in which they are told of; testLanes.ts says which run side by side. */
export const TEST_STAGES = [
  'lint',
  'types',
  'structure',
  'unit',
  'simulation',
  'charts',
  'integration',
  'e2e',
  'chaos',
  'images',
] as const;
/** One stage of `npm test`. */
export type TestStage = (typeof TEST_STAGES)[number];

/** What `npm start` was asked for. */
export interface StartArguments {
  readonly infra: InfraSource | undefined;
  readonly reset: boolean;
  readonly seed: boolean;
  readonly help: boolean;
}

/** What `npm test` was asked for. */
export interface TestArguments {
  readonly infra: InfraSource | undefined;
  readonly stages: readonly TestStage[];
  readonly help: boolean;
}

export const START_HELP = `npm start -- [options]
  --infra=env|docker|embedded  where MySQL and Kafka come from; otherwise the first of these that is there
  --reset                      wipe the data of earlier starts first
  --no-seed                    leave out the sample users and products of a first start
  <SERVICE>_<SETTING>=…        in the environment sets one service's setting, e.g. GATEWAY_PORT=4008, ORDERS_LOG_LEVEL=debug`;

export const TEST_HELP = `npm test -- [stages] [options]
  stages                       any of ${TEST_STAGES.join(', ')}; all of them if none is named
  --infra=env|docker|embedded  where MySQL and Kafka come from; otherwise the first of these that is there`;

/** Parses the arguments of `npm start`; throws a LaunchFailure that names a word it does not know. */
export function parseStartArguments(args: readonly string[]): StartArguments {
  const { values } = explain(START_HELP, () =>
    parseArgs({
      args: [...args],
      options: {
        infra: { type: 'string' },
        reset: { type: 'boolean', default: false },
        'no-seed': { type: 'boolean', default: false },
        help: { type: 'boolean', default: false },
      },
    }),
  );
  return {
    infra: parseInfra(values.infra, START_HELP),
    reset: values.reset,
    seed: !values['no-seed'],
    help: values.help,
  };
}

/** Parses the arguments of `npm test`; stages come back in that order, each once. */
export function parseTestArguments(args: readonly string[]): TestArguments {
  const { values, positionals } = explain(TEST_HELP, () =>
    parseArgs({
      args: [...args],
      allowPositionals: true,
      options: { infra: { type: 'string' }, help: { type: 'boolean', default: false } },
    }),
  );
  const unknown = positionals.filter((word) => !TEST_STAGES.some((stage) => stage === word));
  if (unknown.length > 0) {
    throw new LaunchFailure(`There is no stage named ${unknown.join(', ')}`, TEST_HELP);
  }
  const named = TEST_STAGES.filter((stage) => positionals.includes(stage));
  return {
    infra: parseInfra(values.infra, TEST_HELP),
    stages: named.length > 0 ? named : TEST_STAGES,
    help: values.help,
  };
}

function parseInfra(word: string | undefined, help: string): InfraSource | undefined {
  if (word === undefined) return undefined;
  const source = INFRA_SOURCES.find((known) => known === word);
  if (source === undefined) {
    throw new LaunchFailure(`--infra=${word} is not one of ${INFRA_SOURCES.join(', ')}`, help);
  }
  return source;
}

function explain<T>(help: string, parse: () => T): T {
  try {
    return parse();
  } catch (error) {
    throw new LaunchFailure(error instanceof Error ? error.message : String(error), help);
  }
}
