// Which stages of `npm test` run beside which.
import type { TestStage } from './arguments.ts';

/** They compute: what they find does not depend on how fast they are, and they know no servers. */
const COMPUTING: readonly TestStage[] = ['lint', 'types', 'structure', 'simulation'];
/** They are not run beside computing: a service that answers late changes what they see, or how much of it. */
const UNDISTURBED: readonly TestStage[] = ['e2e', 'chaos', 'images'];

/** The stages of a run in the order in which they start; the lanes run side by side, the stages of a lane one by one. */
export interface TestLanes {
  /** Stages that speak to the terminal while they run. */
  readonly main: readonly TestStage[];
  /** Stages that take what the main lane leaves of the processor, and are told of when they have ended. */
  readonly beside: readonly TestStage[];
  /** Stages for when both lanes have ended. */
  readonly after: readonly TestStage[];
}

/** Divides the stages of a run; each is in one lane. */
export function divideStages(stages: readonly TestStage[]): TestLanes {
  const after = stages.filter((stage) => UNDISTURBED.includes(stage));
  const computing = stages.filter((stage) => COMPUTING.includes(stage));
  const main = stages.filter((stage) => !after.includes(stage) && !computing.includes(stage));
  return main.length > 0
    ? { main, beside: computing, after }
    : { main: computing, beside: [], after };
}
