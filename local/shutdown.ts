// Ends everything that was started, once, in the order in which things may end.
import { STOP_RANK } from './process/pidFiles.ts';
import type { Report } from './report.ts';

/** What can be ended. */
export type Stoppable = keyof typeof STOP_RANK;

/** The list of what runs. */
export interface Shutdown {
  /** Adds something to end; once the end has begun it is ended at once. */
  readonly add: (what: Stoppable, stop: () => Promise<void>) => void;
  /** Ends everything; every call gives the same promise, which never rejects. */
  readonly run: () => Promise<void>;
  readonly hasBegun: () => boolean;
}

/** Makes an empty list. */
export function createShutdown(report: Report): Shutdown {
  const entries: { what: Stoppable; stop: () => Promise<void> }[] = [];
  let begun: Promise<void> | undefined;

  const end = async ({ what, stop }: { what: Stoppable; stop: () => Promise<void> }) => {
    try {
      await stop();
      report.step(what, 'stopped');
    } catch (error) {
      // The others must be ended all the same.
      report.warn(what, `did not stop as it should: ${String(error)}`);
    }
  };
  const endAll = async () => {
    const ordered = entries.sort((a, b) => STOP_RANK[a.what] - STOP_RANK[b.what]);
    for (const entry of ordered) await end(entry);
  };
  return {
    hasBegun: () => begun !== undefined,
    add: (what, stop) => {
      if (begun === undefined) entries.push({ what, stop });
      else begun = Promise.all([begun, end({ what, stop })]).then(() => undefined);
    },
    run: () => (begun ??= endAll()),
  };
}
