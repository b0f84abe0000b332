// Five repairs of kafkajs 2.2.4: a timer with a negative delay (kafkajs#1751), questions about all topics of a cluster, an
// answer that is none, a member that forgets who it is when it starts again, and a stop that misses new fetchers.
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

/** kafkajs' way to all brokers; of its answer only whether there is one matters here. */
interface Cluster {
  metadata: (this: Cluster, question?: object) => Promise<object | null>;
}

/**
 * Throws where kafkajs gives null for 'no broker answered': each broker's error is swallowed there, and whoever asked reads
 * a property of null. That TypeError is taken for a bug, which ends the process; and a broker that is killed between
 * two questions is none.
 */
export function repairMissingAnswers(): void {
  const load: (path: string) => unknown = createRequire(import.meta.url);
  const { prototype } = load('kafkajs/src/cluster/index.js') as { prototype: Cluster };
  const { metadata } = prototype;
  Object.assign(prototype, {
    async metadata(this: Cluster, question?: object): Promise<object> {
      const answer = await metadata.call(this, question);
      if (answer === null) throw new Error('no broker has told of its topics');
      return answer;
    },
  });
}

/** What the repaired method uses of kafkajs' group. */
interface Group {
  /** Each consumer has one of its own. */
  readonly cluster: object;
  /** Null before the first join, after leaving, and when the coordinator knows no such member. */
  memberId: string | null;
}

/** The group that a consumer made last, by its cluster. */
const lastGroups = new WeakMap<object, Group>();

/**
 * Lets a consumer that starts again after a crash go on as the member that it was. kafkajs makes a new group object for
 * each start, which knows of no member; when the broker was away it could not leave either. So it joined as a stranger, and
 * the coordinator, which had read the old member in its log, first waited out that one's session: 6 s after each
 * restart of a lone broker. A member that the coordinator does not know is told so and joins as a new one, as ever.
 * `connect` is what a start begins with, and nothing else calls it.
 */
export function repairMembership(): void {
  const load: (path: string) => unknown = createRequire(import.meta.url);
  const { prototype } = load('kafkajs/src/consumer/consumerGroup.js') as {
    prototype: { connect: (this: Group) => Promise<void> };
  };
  const { connect } = prototype;
  Object.assign(prototype, {
    connect(this: Group): Promise<void> {
      this.memberId = lastGroups.get(this.cluster)?.memberId ?? null;
      lastGroups.set(this.cluster, this);
      return connect.call(this);
    },
  });
}

/** What the repaired method uses of kafkajs' runner, of which each start of a consumer makes one. */
interface Runner {
  /** False from the moment that it is told to stop. */
  readonly running: boolean;
  readonly fetchManager: { stop(): Promise<void> };
  fetch: (this: Runner, nodeId: string) => Promise<readonly unknown[]>;
}

/**
 * Ends fetchers that are made after their runner was told to stop. Two things race: when a broker comes or goes, the fetch
 * manager waits for the old fetchers (a poll, a batch that is being handled, a request to the broker that is gone) and
 * makes new ones; a stop in that time ends the old ones only. The new ones would ask a runner that does not run, which
 * gives 'no batches' at once, and ask again: a loop of microtasks in which no timer, socket or signal has its turn, so
 * that the process would take a whole core until it is killed. So a fetcher that asks a stopped runner has all fetchers
 * stopped once more: each asks as soon as it is started, and ends with that answer. The fetch manager keeps its fetchers
 * to itself; what they ask of the runner is the only way to them.
 */
export function repairStop(): void {
  const load: (path: string) => unknown = createRequire(import.meta.url);
  const { prototype } = load('kafkajs/src/consumer/runner.js') as { prototype: Runner };
  const { fetch } = prototype;
  Object.assign(prototype, {
    fetch(this: Runner, nodeId: string): Promise<readonly unknown[]> {
      if (!this.running) void this.fetchManager.stop();
      return fetch.call(this, nodeId);
    },
  });
}
