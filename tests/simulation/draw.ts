// The faults of a seed.
import { drawOperators } from './drawOperators.ts';
import { crashAt, databaseTroubleAt, slownessAt } from './drawSteps.ts';
import { SEND_TROUBLES, type Fault, type Step } from './faults.ts';
import { processNames, type Plan } from './plan.ts';
import { createRandom, type Random } from './random.ts';

const TOPICS = ['orders.v1', 'inventory.v1'] as const;
const MOST_FAULTS = 6;

/** The last step of each kind at which a fault may strike: about as many as a short run has of them. */
const STEPS: Readonly<
  Record<'read' | 'commit' | 'positions' | 'snapshot' | 'ask' | 'send' | 'offsets', number>
> = { read: 60, commit: 14, positions: 10, snapshot: 4, ask: 12, send: 12, offsets: 4 };

type Draw = (random: Random, plan: Plan) => Fault;

const aProcess = (random: Random, plan: Plan): string => random.pick(processNames(plan));
const aMoment = (random: Random, plan: Plan): number => random.between(20, plan.calmAt);

function aStep(random: Random, plan: Plan, steps: readonly (keyof typeof STEPS)[]) {
  const step: Step & keyof typeof STEPS = random.pick(steps);
  return { process: aProcess(random, plan), step, nth: random.between(1, STEPS[step]) };
}

function aTopic(random: Random, plan: Plan) {
  return {
    topic: plan.instances.users > 0 && random.chance(0.1) ? 'users.v1' : random.pick(TOPICS),
    partition: random.between(0, plan.partitionCount - 1),
    count: random.between(1, 4),
    at: aMoment(random, plan),
  };
}

/** What can go wrong, each with its share. */
const DRAWS: readonly (readonly [number, Draw])[] = [
  [
    22,
    (random, plan) =>
      crashAt(
        random,
        aStep(random, plan, [
          ...(['commit', 'commit', 'send', 'send'] as const),
          ...(['positions', 'snapshot', 'offsets', 'read'] as const),
        ]),
      ),
  ],
  [
    14,
    (random, plan) =>
      databaseTroubleAt(
        random,
        aStep(random, plan, ['commit', 'commit', 'commit', 'read', 'positions', 'snapshot']),
      ),
  ],
  [
    10,
    (random, plan) =>
      slownessAt(random, aStep(random, plan, ['commit', 'send', 'read', 'positions', 'snapshot'])),
  ],
  [
    16,
    (random, plan) => ({
      process: aProcess(random, plan),
      step: 'send',
      nth: random.between(1, STEPS.send),
      kind: 'send',
      how: random.pick(SEND_TROUBLES),
      ms: random.between(100, 4_000),
    }),
  ],
  [
    12,
    (random, plan) => ({
      kind: random.pick(['kill', 'drain', 'pause', 'cut', 'skew'] as const),
      process: aProcess(random, plan),
      at: aMoment(random, plan),
      ms: random.chance(0.2) ? random.between(3_000, 8_000) : random.between(20, 1_500),
    }),
  ],
  [
    10,
    (random, plan) => ({
      kind: 'handover',
      service: random.pick(['orders', 'inventory'] as const),
      at: aMoment(random, plan),
    }),
  ],
  [
    5,
    (random, plan) => ({
      kind: 'away',
      server: random.pick(['kafka', 'kafka', 'orders', 'inventory'] as const),
      at: aMoment(random, plan),
      ms: random.between(50, 2_500),
    }),
  ],
  [
    9,
    (random, plan) => ({
      ...aTopic(random, plan),
      kind: random.pick(['tail', 'tail', 'tail', 'head', 'lost', 'emptied'] as const),
    }),
  ],
  [
    3,
    (random, plan) => ({
      ...aTopic(random, plan),
      kind: random.pick(['junk', 'damaged'] as const),
    }),
  ],
  [
    3,
    (random, plan) => ({
      kind: 'poison',
      consumer: random.pick(['orders', 'inventory'] as const),
      order: random.between(0, plan.orders.length - 1),
    }),
  ],
  [
    3,
    (random, plan) => ({
      kind: 'restore',
      at: aMoment(random, plan),
      commits: random.between(1, 5),
    }),
  ],
  [2, () => ({ kind: 'wipe' })],
];

const ALL_SHARES = DRAWS.reduce((sum, [share]) => sum + share, 0);

/** The faults that a seed brings over its plan. */
export function drawFaults(plan: Plan): readonly Fault[] {
  const random = createRandom(plan.seed, 'faults');
  const faults = Array.from({ length: random.between(0, MOST_FAULTS) }, () => {
    let left = random.next() * ALL_SHARES;
    const drawn = DRAWS.find(([share]) => (left -= share) < 0) ?? DRAWS[0];
    if (drawn === undefined) throw new Error('There are no faults to draw');
    return drawn[1](random, plan);
  });
  const all = plan.hasOperators
    ? [...faults.filter(({ kind }) => kind !== 'poison'), ...drawOperators(random, plan)]
    : faults;
  return all.some(isLostByRestore) ? all.filter(({ kind }) => kind !== 'restore') : all;
}

/**
 * What was decided before a restore and is parked after it cannot be told from what was never decided. And what an operator
 * has retried or dropped is parked again, since a restore forgets the wish: here it puts back one schema alone, so orders
 * has heard of a decision that nobody makes again (a real one puts back all three at one cut).
 */
function isLostByRestore(fault: Fault): boolean {
  return (fault.kind === 'poison' && fault.consumer === 'orders') || fault.kind === 'wish';
}
