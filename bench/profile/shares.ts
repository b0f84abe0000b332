// A CPU profile of a process, added up by where its functions come from.
import { z } from 'zod';

const profileSchema = z.object({
  nodes: z.array(
    z.object({
      id: z.number(),
      callFrame: z.object({ functionName: z.string(), url: z.string() }),
    }),
  ),
  samples: z.array(z.number()),
  /** Microseconds between one sample and the next. */
  timeDeltas: z.array(z.number()),
});

/** A place and the share of the process's busy time that was spent in it, 0 to 1. */
export interface Share {
  readonly place: string;
  readonly share: number;
}

/**
 * Adds up a profile that `node --cpu-prof` has written, largest share first; idle time is left out. Samples are of the
 * clock, not of the CPU: a process that is put off the CPU in the middle of a system call seems to spend that time in it.
 */
export function sharesOf(profileJson: string): readonly Share[] {
  const { nodes, samples, timeDeltas } = profileSchema.parse(JSON.parse(profileJson));
  const places = new Map(nodes.map(({ id, callFrame }) => [id, placeOf(callFrame)]));
  const spent = new Map<string, number>();
  let busy = 0;
  for (const [index, id] of samples.entries()) {
    const place = places.get(id);
    const microseconds = timeDeltas[index] ?? 0;
    if (place === undefined || place === 'idle') continue;
    busy += microseconds;
    spent.set(place, (spent.get(place) ?? 0) + microseconds);
  }
  return [...spent]
    .map(([place, microseconds]) => ({ place, share: microseconds / busy }))
    .sort((a, b) => b.share - a.share);
}

function placeOf({ functionName, url }: { functionName: string; url: string }): string {
  if (functionName === '(idle)') return 'idle';
  if (functionName === '(garbage collector)') return 'garbage collection';
  if (url.startsWith('node:')) return 'Node';
  const library = /node_modules\/((?:@[^/]+\/)?[^/]+)/.exec(url)?.[1];
  if (library !== undefined && library !== '@orderflow') return library;
  const own = /(packages\/shared\/src\/\w+|services\/\w+)/.exec(url)?.[1];
  if (own !== undefined) return own;
  if (functionName.startsWith('write')) return 'writing to sockets and logs';
  return 'the rest of V8 and the system';
}
