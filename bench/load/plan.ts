// What a load is told to do, and what it tells afterwards: JSON between two processes.
import { z } from 'zod';

const planSchema = z.object({
  host: z.string(),
  port: z.int(),
  connections: z.int().min(1).max(4_096),
  /** Requests per second to send, whatever the answers do; absent: each connection sends when it has its answer. */
  arrivalsPerSecond: z.number().positive().optional(),
  warmupSeconds: z.number().min(0),
  /** The measured window; the load ends sooner when `orderCount` orders are placed. */
  seconds: z.number().positive().max(3_600),
  timeoutMs: z.int().min(1),
  /** Share of requests that read a user's cart. */
  readShare: z.number().min(0).max(1),
  userIds: z.array(z.int()).min(1),
  productIds: z.array(z.int()).min(1),
  /** Each user orders once, in this order, and then the load ends: no user is drawn. */
  eachUserOnce: z.boolean(),
  seed: z.int(),
});

/** A load. */
export type LoadPlan = z.output<typeof planSchema>;

const countsSchema = z.record(z.string(), z.int());
const latencySchema = z.object({
  p50: z.number(),
  p90: z.number(),
  p99: z.number(),
  max: z.number(),
});

const outcomeSchema = z.object({
  /** Length of the measured window. */
  seconds: z.number(),
  /** Answers within the window by status; '0': none came. */
  answers: countsSchema,
  /** Answers to orders over the whole load, warm-up and drain as well: what the books are compared with. */
  orderAnswers: countsSchema,
  latencyMs: latencySchema,
  /** CPU of the load's own process within the window, user and system. */
  cpuMicroseconds: z.number(),
  rssMib: z.object({ before: z.number(), after: z.number() }),
});

/** What a load saw. */
export type LoadOutcome = z.output<typeof outcomeSchema>;

/** Reads a plan from its JSON. Throws when it is none. */
export function parsePlan(json: string): LoadPlan {
  return planSchema.parse(JSON.parse(json));
}

/** Reads an outcome from its JSON. Throws when it is none. */
export function parseOutcome(json: string): LoadOutcome {
  return outcomeSchema.parse(JSON.parse(json));
}
