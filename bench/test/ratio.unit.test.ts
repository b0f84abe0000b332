// A ratio of medians, and how sure it is.
import { judgeAtMost, ratioOfMedians } from '../growth/ratio.ts';

const around = (middle: number, spread: number) =>
  Array.from({ length: 101 }, (_, index) => middle + ((index - 50) / 50) * spread);

test('timings that lie close together tell met from missed', () => {
  const short = around(100, 1);
  expect(judgeAtMost(ratioOfMedians(short, around(105, 1)), 1.1)).toBe('met');
  expect(judgeAtMost(ratioOfMedians(short, around(120, 1)), 1.1)).toBe('missed');
});

test('timings that scatter widely tell nothing, and say so', () => {
  const wide = ratioOfMedians(around(100, 90), around(108, 90));
  expect(wide.ratio).toBeCloseTo(1.08);
  expect(wide.low).toBeLessThan(1.08);
  expect(wide.high).toBeGreaterThan(1.1);
  expect(judgeAtMost(wide, 1.1)).toBe('within noise');
});
