// The times and numbers that kafkajs is run with.

/**
 * kafkajs' default back-off grows to 30 s: its producer came back 21 s after the broker did. All five are given, since
 * kafkajs has other defaults under NODE_ENV=test.
 */
export const RETRY = {
  initialRetryTime: 100,
  maxRetryTime: 2_000,
  factor: 0.2,
  multiplier: 2,
  retries: 5,
} as const;
export const CONNECTION_TIMEOUT_MS = 3_000;
export const REQUEST_TIMEOUT_MS = 10_000;
export const ACKNOWLEDGE_TIMEOUT_MS = 5_000;
/** 6 s is the least that brokers allow: so long a group waits for a member that was killed. */
export const SESSION_TIMEOUT_MS = 6_000;
export const REBALANCE_TIMEOUT_MS = 15_000;
export const HEARTBEAT_INTERVAL_MS = 1_500;
/** How long an empty fetch waits at the broker; a seek or a resume takes effect after it at the latest. */
export const FETCH_WAIT_MS = 250;
export const MORE_PARTITIONS_THAN_ANY = 256;
