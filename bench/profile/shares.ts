// A CPU profile of a process, added up by where its functions come from.
import { busyMicroseconds, parseProfile, type CallFrame } from './profileFile.ts';

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
  const profile = parseProfile(profileJson);
  const places = new Map(profile.nodes.map(({ id, callFrame }) => [id, placeOf(callFrame)]));
  const spent = new Map<string, number>();
  let busy = 0;
  for (const [id, microseconds] of busyMicroseconds(profile)) {
    const place = places.get(id);
    if (place === undefined) continue;
    busy += microseconds;
    spent.set(place, (spent.get(place) ?? 0) + microseconds);
  }
  return [...spent]
    .map(([place, microseconds]) => ({ place, share: microseconds / busy }))
    .sort((a, b) => b.share - a.share);
}

/** Where a function comes from: a library, a folder of Orderflow, Node, or V8. */
export function placeOf({ functionName, url }: Pick<CallFrame, 'functionName' | 'url'>): string {
  if (functionName === '(garbage collector)') return 'garbage collection';
  if (url.startsWith('node:')) return 'Node';
  const library = /node_modules\/((?:@[^/]+\/)?[^/]+)/.exec(url)?.[1];
  if (library !== undefined && library !== '@orderflow') return library;
  const own = /(packages\/shared\/src\/\w+|services\/\w+)/.exec(url)?.[1];
  if (own !== undefined) return own;
  if (functionName.startsWith('write')) return 'writing to sockets and logs';
  return 'the rest of V8 and the system';
}
