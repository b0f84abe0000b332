// The times and numbers that kafkajs is run with, under its own names; all times in milliseconds.

/**
 * The longest pause between two looks at a broker that is away: so long orders may wait after it is back, and again when
 * it answers before it leads its partitions. A look costs one connection.
 */
export const RETRY_MOST_MS = 500;

/**
 * kafkajs' default back-off grows to 30 s: its producer came back 21 s after the broker did. Nine tries take some 3 s.
 * All five are given, since kafkajs has other defaults under NODE_ENV=test.
 */
export const RETRY = {
  initialRetryTime: 100,
  maxRetryTime: RETRY_MOST_MS,
  factor: 0.2,
  multiplier: 2,
  retries: 8,
} as const;

/**
 * Of a producer: one try more, the fewest that kafkajs allows an idempotent one. The relay throws a producer that failed
 * away and makes a new one, which asks anew who leads; kafkajs' own tries after a time-out go to the same broker.
 */
export const PRODUCER_RETRY = { ...RETRY, retries: 1 } as const;

/** Of every connection. */
export const CONNECTION_LIMITS = {
  connectionTimeout: 3_000,
  requestTimeout: 10_000,
  retry: RETRY,
} as const;

/** Of a member of a consumer group. */
export const GROUP_LIMITS = {
  /** 6 s is the least that brokers allow: so long a group waits for a member that was killed. */
  sessionTimeout: 6_000,
  rebalanceTimeout: 15_000,
  heartbeatInterval: 1_500,
  /** How long an empty fetch waits at the broker; a seek or a resume takes effect after it at the latest. */
  maxWaitTimeInMs: 250,
  retry: RETRY,
} as const;

export const ACKNOWLEDGE_TIMEOUT_MS = 5_000;
/**
 * Partitions of one fetch that are handled together. Above the 24 that orders reads by default; those of more wait for
 * the next transaction. kafkajs starts all of its workers at each fetch, so a number far above costs at each fetch.
 */
export const PARTITIONS_AT_ONCE = 32;
/** How long a question about topics may take, its connection included. */
export const ADMIN_TIMEOUT_MS = 8_000;
/** How long a member that stops waits for the broker: one that did not say it leaves is missed after `sessionTimeout`. */
export const LEAVE_TIMEOUT_MS = 3_000;
