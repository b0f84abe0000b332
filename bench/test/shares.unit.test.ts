// A CPU profile, added up.
import { sharesOf } from '../profile/shares.ts';

it('A profile is added up by library and by own folder, without idle time', () => {
  const frame = (functionName: string, url = '') => ({ functionName, url });
  const frames = [
    frame('(idle)'),
    frame('parse', 'file:///x/node_modules/zod/v4/core/schemas.js'),
    frame('settle', 'file:///x/packages/shared/src/messaging/settle.ts'),
    frame('writeBuffer'),
    frame('(garbage collector)'),
  ];
  const profile = {
    nodes: frames.map((callFrame, id) => ({ id, callFrame })),
    samples: [0, 1, 2, 2, 3, 4],
    timeDeltas: [900, 10, 20, 30, 25, 15],
  };
  expect(sharesOf(JSON.stringify(profile))).toEqual([
    { place: 'packages/shared/src/messaging', share: 0.5 },
    { place: 'writing to sockets and logs', share: 0.25 },
    { place: 'garbage collection', share: 0.15 },
    { place: 'zod', share: 0.1 },
  ]);
});
