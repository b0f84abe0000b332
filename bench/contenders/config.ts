// What the contenders' processes are told by the environment. The one file of theirs that reads it.
import { z } from 'zod';

const settings = z.object({
  PORT: z.coerce.number().int(),
  MYSQL_HOST: z.string(),
  MYSQL_PORT: z.coerce.number().int(),
  MYSQL_USER: z.string(),
  MYSQL_PASSWORD: z.string(),
  MYSQL_DATABASE: z.string(),
  MYSQL_POOL_SIZE: z.coerce.number().int().min(1),
  /** Of the monolith: 'statements' or 'procedure'. */
  VARIANT: z.string(),
});

export type ContenderConfig = z.output<typeof settings>;

/** Reads the settings. Throws when one is missing. */
export function readContenderConfig(): ContenderConfig {
  return settings.parse(process.env);
}
