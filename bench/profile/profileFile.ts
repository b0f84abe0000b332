// A CPU profile as V8 writes it.
import { z } from 'zod';

const profileSchema = z.object({
  nodes: z.array(
    z.object({
      id: z.number(),
      callFrame: z.object({
        functionName: z.string(),
        url: z.string(),
        /** From 0. */
        lineNumber: z.number().prefault(0),
      }),
      children: z.array(z.number()).prefault([]),
    }),
  ),
  samples: z.array(z.number()),
  /** Microseconds between one sample and the next. */
  timeDeltas: z.array(z.number()),
});

/** A profile: a tree of calls, and the node that was at work at each sample. */
export type CpuProfile = z.output<typeof profileSchema>;
/** A function in it. */
export type CallFrame = CpuProfile['nodes'][number]['callFrame'];

/** Reads a profile from its JSON. Throws when it is none. */
export function parseProfile(json: string): CpuProfile {
  return profileSchema.parse(JSON.parse(json));
}

/** Microseconds at work by node, without those that a process was idle. */
export function busyMicroseconds({ nodes, samples, timeDeltas }: CpuProfile): Map<number, number> {
  const idle = new Set(
    nodes.filter(({ callFrame }) => callFrame.functionName === '(idle)').map(({ id }) => id),
  );
  const spent = new Map<number, number>();
  for (const [index, id] of samples.entries()) {
    if (idle.has(id)) continue;
    spent.set(id, (spent.get(id) ?? 0) + (timeDeltas[index] ?? 0));
  }
  return spent;
}
