// The profile that goes with the report: shares by service, and where they come from.
import { existsSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { z } from 'zod';
import { CHECKOUT } from '../../local/places.ts';

/** From the root of the checkout. */
export const PUBLISHED_PROFILE = path.join('bench', 'profile.json');

const profileSummarySchema = z.object({
  startedAt: z.string(),
  commit: z.string(),
  /** What was run: 'hot, 256 connections'. */
  load: z.string(),
  perSecond: z.number(),
  services: z.array(
    z.object({
      name: z.string(),
      /** 0 to 1, of the time in which the process was not idle; the largest first. */
      shares: z.array(z.object({ place: z.string(), share: z.number() })),
    }),
  ),
});

/** What a profile comes to. */
export type ProfileSummary = z.output<typeof profileSummarySchema>;

/** Reads the published one; undefined when there is none. Throws when the file is damaged. */
export function readPublishedProfile(): ProfileSummary | undefined {
  const file = path.join(CHECKOUT, PUBLISHED_PROFILE);
  if (!existsSync(file)) return undefined;
  return profileSummarySchema.parse(JSON.parse(readFileSync(file, 'utf8')));
}
