// What operators have to do with in a run, what they wish, and what comes in between.
import { crashAt, databaseTroubleAt, slownessAt } from './drawSteps.ts';
import type { Fault, Handover, ParkedWish, Poison } from './faults.ts';
import type { Plan } from './plan.ts';
import type { Random } from './random.ts';

const MOST_WISHES = 5;
/** Of a poisoned order: once its first messages are dropped the later ones are poison, and five in a minute are enough. */
const MOST_LINES = 2;
const REDRIVES = 3;
/** Within so long after a wish its key is looked at. */
const LOOKED_AT_MS = 1_200;

/**
 * A bug that parks keys and is mended at some time, mostly; wishes about them, too early and too often as well; and
 * crashes, trouble and other owners just where they are fulfilled.
 */
export function drawOperators(random: Random, plan: Plan): readonly Fault[] {
  const { orders, calmAt } = plan;
  const few = orders.flatMap(({ lines }, index) => (lines.length > MOST_LINES ? [] : [index]));
  if (few.length === 0) return [];
  const poison: Poison = {
    kind: 'poison',
    consumer: random.chance(0.7) ? 'inventory' : 'orders',
    order: random.pick(few),
    ...(random.chance(0.8) ? { mendedAt: random.between(500, calmAt - 1_000) } : {}),
  };
  const wishes = Array.from({ length: random.between(1, MOST_WISHES) }, (): ParkedWish => ({
    kind: 'wish',
    wish: random.chance(0.7) ? 'retry' : 'drop',
    key: random.between(0, 3),
    after: random.between(200, random.chance(0.8) ? calmAt - LOOKED_AT_MS : calmAt + 1_000),
  }));
  const trouble = wishes.flatMap(({ after }) =>
    after < calmAt && random.chance(0.7) ? troubleOf(random, plan, poison, after) : [],
  );
  return [poison, ...wishes, ...trouble];
}

/** What befalls the first owner to do what is wished, or makes another one. Both: two are at it at the same time. */
function troubleOf(
  random: Random,
  { instances, calmAt }: Plan,
  { consumer }: Poison,
  after: number,
): readonly Fault[] {
  const at = {
    process: `${consumer}-${random.between(0, instances[consumer] - 1)}`,
    step: 'redrive' as const,
    nth: random.between(1, REDRIVES),
  };
  const handover: Handover = {
    kind: 'handover',
    service: consumer,
    at: Math.min(after + random.between(0, LOOKED_AT_MS), calmAt),
  };
  return random.pick([
    () => [crashAt(random, at)],
    () => [databaseTroubleAt(random, at)],
    () => [slownessAt(random, at), handover],
    () => [handover],
  ])();
}
