import { replaceGlobals, realNow } from './globals.ts';
import { planOf } from './plan.ts';
import { drawFaults } from './draw.ts';
import { BUGS } from './bugs.ts';
import { runPlan } from './run.ts';
replaceGlobals();
const [from, count, noFaults, bugName = ''] = process.argv.slice(2);
const t0 = realNow();
let bad = 0,
  ev = 0,
  vm = 0;
for (let seed = Number(from); seed < Number(from) + Number(count); seed += 1) {
  const plan = planOf(seed);
  const faults = noFaults === 'none' ? [] : drawFaults(plan);
  const r = await runPlan(plan, faults, BUGS[bugName] ?? {});
  ev += r.events;
  vm += r.virtualMs;
  if (r.breaches.length > 0) {
    bad += 1;
    console.log(seed, JSON.stringify(faults), r.breaches.slice(0, 3));
    if (bad > (bugName ? 0 : 10)) break;
  }
}
console.log({
  bad,
  ms: (realNow() - t0) / Number(count),
  events: ev / Number(count),
  virtual: vm / Number(count),
});
