// What `npm run bench:growth` is told.
import { parseArgs } from 'node:util';
import { LaunchFailure } from '../../local/failure.ts';

/** The shortest log that is measured. */
export const LEAST_EVENTS = 10_000;
const USUAL_EVENTS = 1_000_000;
const MOST_EVENTS = 10_000_000;

/** How long the logs get, and what runs around the parts of the run, see bench/runUnder.ts. */
export interface GrowthArguments {
  readonly maxEvents: number;
  readonly isPublished: boolean;
  readonly whileFilling: string | undefined;
  readonly whileMeasuring: string | undefined;
}

/**
 * `--max-events N`; `--publish` writes to bench/ instead of bench/out/; `--while-filling COMMAND` and `--while-measuring COMMAND` such as `flock FILE`, for machines on which
 * others work too. A LaunchFailure for a number out of range; throws for an option that is not known.
 */
export function parseGrowthArguments(args: readonly string[]): GrowthArguments {
  const options = {
    'max-events': { type: 'string', default: String(USUAL_EVENTS) },
    publish: { type: 'boolean', default: false },
    'while-filling': { type: 'string' },
    'while-measuring': { type: 'string' },
  } as const;
  const { values } = parseArgs({ args: [...args], options });
  const maxEvents = Number(values['max-events']);
  if (!Number.isInteger(maxEvents) || maxEvents < LEAST_EVENTS || maxEvents > MOST_EVENTS)
    throw new LaunchFailure(
      `--max-events is ${values['max-events']}`,
      `Give a whole number from ${LEAST_EVENTS} to ${MOST_EVENTS}.`,
    );
  return {
    maxEvents,
    isPublished: values.publish,
    whileFilling: values['while-filling'],
    whileMeasuring: values['while-measuring'],
  };
}
