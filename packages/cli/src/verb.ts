// What all verbs have in common: how they tell their result, and the exit code.
import { ConfigError } from '@orderflow/shared/runtime/config.ts';

/** Exit codes, as those of the services: 0 done; 1 failed, or a breach was found; 78 the settings are wrong (EX_CONFIG of sysexits.h). */
const EXIT = { failed: 1, config: 78 } as const;

/** A result: a line for people, and the same as JSON for programs. */
export interface VerbResult {
  readonly line: string;
  readonly json: Readonly<Record<string, unknown>>;
  /** Something was found that must not be: the exit code is 1, though the verb has done its work. */
  readonly isBreach?: boolean;
}

/** Runs a verb and prints its result to stdout, or what went wrong to stderr; sets the exit code of the process. */
export async function runVerb(asJson: boolean, work: () => Promise<VerbResult>): Promise<void> {
  try {
    const { line, json, isBreach = false } = await work();
    process.stdout.write(`${asJson ? JSON.stringify(json) : line}\n`);
    if (isBreach) process.exitCode = EXIT.failed;
  } catch (error) {
    process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`);
    process.exitCode = error instanceof ConfigError ? EXIT.config : EXIT.failed;
  }
}
