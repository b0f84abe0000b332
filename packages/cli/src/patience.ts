// Waiting for a server that is still starting: for a bounded time, and only while nobody answers.
import { isUnreachable } from '@orderflow/shared/runtime/databaseErrors.ts';

const RETRY_DELAY_MS = 1_000;

/** How long to wait, and who is told of it. */
export interface Patience {
  /** From the first attempt on; the last attempt begins before it is over. */
  readonly waitMs: number;
  /** Told once, with the first failure. */
  readonly onWait: (error: unknown) => void;
  readonly now: () => number;
  readonly sleep: (milliseconds: number) => Promise<void>;
}

/** Runs `work` again while the server cannot be reached. Throws its last error; at once if it is of another kind. */
export async function whenReachable<T>(work: () => Promise<T>, patience: Patience): Promise<T> {
  const endsAt = patience.now() + patience.waitMs;
  for (let attempt = 1; ; attempt += 1) {
    try {
      return await work();
    } catch (error) {
      if (!isUnreachable(error) || patience.now() + RETRY_DELAY_MS > endsAt) throw error;
      if (attempt === 1) patience.onWait(error);
      await patience.sleep(RETRY_DELAY_MS);
    }
  }
}
