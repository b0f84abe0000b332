// Two repairs of kafkajs 2.2.4: a timer with a negative delay (kafkajs#1751), and questions about all topics of a cluster.
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

/** What the repaired method uses of kafkajs' encoder. */
interface Encoder {
  writeArray(array: readonly unknown[], type?: string): void;
}

/**
 * Replaces the method that writes 'all topics' where kafkajs means 'none'. A new idempotent producer asks for the
 * cluster before it has a topic, so it was told of all topics, and kafkajs fails when one partition of any of them has
 * no leader: a stranger's topic on a broker that was killed kept our relay from sending. In the Metadata request an
 * empty array is 'no topic', null is 'all' (Kafka protocol, Metadata v1 and later).
 */
export function repairTopicQuestions(): void {
  const load: (path: string) => unknown = createRequire(import.meta.url);
  const encoder = load('kafkajs/src/protocol/encoder.js') as { prototype: object };
  Object.assign(encoder.prototype, {
    writeNullableArray(this: Encoder, array: readonly unknown[], type?: string): Encoder {
      this.writeArray(array, type);
      return this;
    },
  });
}
