// Waiting for a server that is still starting: for a bounded time, and only while nobody answers.
import { InvalidArgumentError } from 'commander';
import { AppError } from '@orderflow/shared/runtime/appError.ts';
import { isUnreachable } from '@orderflow/shared/runtime/databaseErrors.ts';

const RETRY_DELAY_MS = 1_000;
const WAIT_LIMIT_SECONDS = 3_600;

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
      if (!isAway(error) || patience.now() + RETRY_DELAY_MS > endsAt) throw error;
      if (attempt === 1) patience.onWait(error);
      await patience.sleep(RETRY_DELAY_MS);
    }
  }
}

/** MySQL's drivers tell it by their codes, Kafka's by an AppError. A right that is missing is no reason to wait. */
function isAway(error: unknown): boolean {
  return isUnreachable(error) || (error instanceof AppError && error.code === 'kafka_unavailable');
}

/** Reads the value of `--wait-seconds`. Throws InvalidArgumentError. */
export function parseWaitSeconds(text: string): number {
  const seconds = Number(text);
  if (/^\d+$/.test(text) && seconds <= WAIT_LIMIT_SECONDS) return seconds;
  throw new InvalidArgumentError(`It is a whole number from 0 to ${WAIT_LIMIT_SECONDS} (seconds).`);
}
