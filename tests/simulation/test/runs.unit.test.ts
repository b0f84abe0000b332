// Runs in the thread of the test: that they are the same twice, and that a planted bug is found where a sound shop is not blamed.
import { BUGS } from '../bugs.ts';
import { drawFaults } from '../draw.ts';
import { replaceGlobals } from '../globals.ts';
import { planOf } from '../plan.ts';
import { runPlan } from '../run.ts';

beforeAll(replaceGlobals);

test('a seed gives the same run twice, event for event', async () => {
  for (let seed = 1; seed <= 10; seed += 1) {
    const plan = planOf(seed);
    const first = await runPlan(plan, drawFaults(plan));
    const second = await runPlan(plan, drawFaults(plan));
    expect(second).toEqual(first);
  }
});

test('another seed gives another run', async () => {
  const [first, second] = [await runPlan(planOf(1), []), await runPlan(planOf(2), [])];
  expect(second.fingerprint).not.toBe(first.fingerprint);
});

test('a shop without faults and without bugs keeps its promises', async () => {
  for (let seed = 100; seed < 110; seed += 1)
    expect((await runPlan(planOf(seed), [])).breaches).toEqual([]);
});

test('a fault that strikes is counted, and one whose step never comes is not', async () => {
  const crash = { kind: 'crash', process: 'orders-0', step: 'commit', when: 'after' } as const;
  const { struck } = await runPlan(planOf(3), [
    { ...crash, nth: 1, downMs: 50 },
    { ...crash, nth: 100_000, downMs: 50 },
  ]);
  expect(struck).toEqual({ crash: 1 });
});

test('what an operator drops is told to whoever asked for it, or found missing', async () => {
  const plan = planOf(4);
  const trouble = [
    { kind: 'poison', consumer: 'inventory', order: 0 },
    { kind: 'wish', wish: 'drop', key: 0, after: 500 },
  ] as const;
  const { breaches, struck } = await runPlan(plan, trouble);
  expect(breaches).toEqual([]);
  expect(struck.wish).toBe(1);
  const silent = await runPlan(plan, trouble, BUGS['drop a message without telling']);
  expect(silent.breaches.join()).toContain('request_dropped');
});

test('a cursor that moves before the work is found by a crash between the two', async () => {
  const bug = BUGS['move the cursor before the work'];
  const breaches = new Set<string>();
  for (let nth = 2; nth <= 12; nth += 1) {
    const crash = {
      ...({ kind: 'crash', process: 'inventory-0', step: 'commit' } as const),
      ...({ nth, when: 'before', downMs: 50 } as const),
    };
    expect((await runPlan(planOf(4), [crash])).breaches).toEqual([]);
    for (const breach of (await runPlan(planOf(4), [crash], bug)).breaches) breaches.add(breach);
  }
  expect([...breaches].join()).toContain('P4/P5: product 1');
});
