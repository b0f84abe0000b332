// One repair of kafkajs 2.2.4: it sets a timer with a negative delay after each answer (kafkajs#1751).
import { createRequire } from 'node:module';

/** What the repaired method uses of kafkajs' request queue. */
interface RequestQueue {
  throttledUntil: number;
  throttleCheckTimeoutId: NodeJS.Timeout | null;
  readonly pending: readonly unknown[];
  checkPendingRequests(): void;
}

const CHECK_INTERVAL_MS = 10;

/**
 * Replaces the method that sets the timer. Node 24 warns of the negative delay (TimeoutNegativeWarning); with nothing
 * waiting there is nothing to check either, so the timer was a wasted one as well. Silencing the warning in the whole
 * process instead would hide other faults.
 */
export function repairRequestQueue(): void {
  const load: (path: string) => unknown = createRequire(import.meta.url);
  const queue = load('kafkajs/src/network/requestQueue/index.js') as { prototype: object };
  Object.assign(queue.prototype, {
    scheduleCheckPendingRequests(this: RequestQueue): void {
      if (this.pending.length === 0 || this.throttleCheckTimeoutId !== null) return;
      const delay = Math.max(this.throttledUntil - Date.now(), CHECK_INTERVAL_MS);
      this.throttleCheckTimeoutId = setTimeout(() => {
        this.throttleCheckTimeoutId = null;
        this.checkPendingRequests();
      }, delay);
    },
  });
}
