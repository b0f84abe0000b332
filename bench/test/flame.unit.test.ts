// A flame graph, drawn from a profile.
import { drawFlame } from '../profile/flame.ts';

const call = (id: number, functionName: string, children: number[] = [], url = '') => ({
  id,
  callFrame: { functionName, url, lineNumber: 4 },
  children,
});
const LIBRARY = 'file:///x/node_modules/zod/v4/parse.js';
const OWN = 'file:///x/services/orders/src/app.ts';

/** Two calls of `parse` from one caller, of which V8 makes two nodes where they differ below; and idle time. */
const profile = JSON.stringify({
  nodes: [
    call(1, '(root)', [2, 3]),
    call(2, '(idle)'),
    call(3, 'answer', [4, 5, 6], OWN),
    call(4, 'parse', [], LIBRARY),
    call(5, 'parse', [], LIBRARY),
    call(6, 'rare', [], LIBRARY),
  ],
  samples: [2, 3, 4, 5, 6],
  timeDeltas: [9_000, 499, 300, 200, 1],
});

const svg = drawFlame('orders', profile);
const frames = [...svg.matchAll(/<g><title>(.*?)<\/title><rect x="([\d.]+)".*?width="([\d.]+)"/g)];

test('a frame is as wide as its share of the busy time, idle time left out', () => {
  const titles = frames.map(([, title]) => title);
  expect(titles).toContain('answer services/orders/src/app.ts:5: 100.0 %');
  expect(titles.join()).not.toContain('idle');
});

test('equal calls from one caller are one frame', () => {
  const parses = frames.filter(([, title]) => title?.startsWith('parse'));
  expect(parses.map(([, title]) => title)).toEqual(['parse zod/v4/parse.js:5: 50.0 %']);
  expect(Number(parses[0]?.[3])).toBeCloseTo(590, 0);
});

test('a frame below 0.3 % is not drawn', () => {
  expect(svg).not.toContain('rare');
});
