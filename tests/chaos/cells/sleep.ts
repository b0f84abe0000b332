// The length of a fault. Nothing is waited for by it: what comes of a fault is waited for by condition.
import { setTimeout as wait } from 'node:timers/promises';

/** Lets a fault last. */
export function sleep(durationMs: number): Promise<void> {
  return wait(durationMs);
}
