// The clock of events gives each millisecond its own text, whichever way the time goes.
import { createIsoClock } from '../../src/runtime/isoClock.ts';

it('writes the time of each call, also when a machine sets its clock back', () => {
  const times = [1_000, 1_000, 1_001, 1_000, 2_000];
  const left = [...times];
  const clock = createIsoClock(() => left.shift() ?? 0);
  expect(times.map(() => clock())).toEqual(times.map((time) => new Date(time).toISOString()));
});
