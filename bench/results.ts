// What one run of the benchmark measured: written as JSON, and read by the report and its charts.

/** Who was measured. */
export type ContenderName =
  'orderflow' | 'orderflow-replicas' | 'demo' | 'monolith' | 'monolith-batched';

/** The scenarios, see bench/scenarios.ts. */
export type ScenarioName = 'hot' | 'spread' | 'drop' | 'mixed' | 'backlog' | 'lone';

/** Latencies in milliseconds, from the time at which a request was due (open loop) or sent (closed loop). */
export interface LatencyMs {
  readonly p50: number;
  readonly p90: number;
  readonly p99: number;
  readonly max: number;
}

/** What the load's clients saw in one measured window. */
export interface LoadFigures {
  readonly seconds: number;
  /** Answers by HTTP status; '0': no answer. */
  readonly answers: Readonly<Record<string, number>>;
  /** Decided orders (200, and 409 for a refusal) per second; in `mixed` all answers that are not errors. */
  readonly perSecond: number;
  readonly latencyMs: LatencyMs;
}

/** What one process used in the measured window. */
export interface ProcessFigures {
  /** 'gateway', 'orders', 'inventory', 'mysql', 'kafka', 'monolith', 'load' … */
  readonly name: string;
  readonly cpuMicrosecondsPerOrder: number;
  /** Resident set in MiB when the window began and when it ended. */
  readonly rssMib: { readonly before: number; readonly after: number };
  /** 99th percentile of the event loop's delay in ms; undefined where it is no Node process of ours. */
  readonly eventLoopDelayP99Ms?: number;
}

/** One contender in one scenario at one number of connections in one round. */
export interface RunResult {
  readonly contender: ContenderName;
  /** What was taken: 'statements' or 'procedure' for monolith; '' where there is one variant only. */
  readonly variant: string;
  readonly scenario: ScenarioName;
  readonly connections: number;
  /** 1-based. */
  readonly round: number;
  /** Arrivals per second that were scheduled (open loop); undefined: closed loop. */
  readonly arrivalsPerSecond?: number;
  readonly load: LoadFigures;
  readonly processes: readonly ProcessFigures[];
  /**
   * Share of the machine's CPU, 0 to 1, that went to anything but the processes above: the system's own work, other programs,
   * other machines on the same host. Absent in results of before it was measured.
   */
  readonly othersCpuShare?: number;
  /** Over all schemas of the contender, divided by the orders of the window. */
  readonly commitsPerOrder: number;
  readonly fsyncsPerOrder: number;
  /** Record batches sent to Kafka per order; 0 for those without Kafka. */
  readonly kafkaBatchesPerOrder: number;
  /** Empty: the books were right. A run with a wrong book is void and counts for nothing, unless it is of the demo. */
  readonly bookFaults: readonly string[];
  /** Resident sets while it ran, where it ran for long (`backlog`, soak). */
  readonly memory?: readonly MemorySample[];
}

/** Resident sets at one moment. */
export interface MemorySample {
  readonly atSeconds: number;
  /** MiB by process name. */
  readonly rssMib: Readonly<Record<string, number>>;
}

/** One pool size tried for a contender. */
export interface SweepResult {
  readonly contender: ContenderName;
  readonly variant: string;
  readonly scenario: ScenarioName;
  readonly poolSize: number;
  readonly perSecond: number;
  readonly bookFaults: readonly string[];
}

/** One of the targets, with what was measured. */
export interface TargetResult {
  /** In words: 'hot, 256 connections: at least 3 × monolith'. */
  readonly target: string;
  readonly measured: number;
  readonly wanted: number;
  readonly unit: string;
  readonly isMet: boolean;
  /** A figure that is shown beside the measured one and judges nothing, in words. */
  readonly beside?: string;
  /** Of a missed one: what reaching it would take, in words. */
  readonly needs?: string;
  /** Of a missed one that is a ratio of two throughputs: whose. */
  readonly ratio?: RatioOf;
}

/** Orderflow's throughput over that of another contender. */
export interface RatioOf {
  readonly scenario: ScenarioName;
  readonly connections: number;
  readonly other: ContenderName;
}

/** The machine and the programs. */
export interface Setting {
  readonly startedAt: string;
  readonly commit: string;
  readonly cpu: string;
  readonly cores: number;
  readonly memoryGib: number;
  readonly versions: Readonly<Record<string, string>>;
  /** The servers' durable settings, and the services' settings that differ from their defaults. */
  readonly settings: Readonly<Record<string, string>>;
  /** Load average of the machine just before the first run: others that use it make every figure smaller. */
  readonly loadAverageBefore: number;
}

/** A whole benchmark. */
export interface BenchResults {
  readonly setting: Setting;
  readonly sweeps: readonly SweepResult[];
  readonly runs: readonly RunResult[];
  /** Minutes at load, for the resident sets; absent: not asked for. */
  readonly soak?: RunResult;
  readonly targets: readonly TargetResult[];
  /** Why the whole benchmark proves nothing (a contender far below its known figure, say); empty: it stands. */
  readonly voidReasons: readonly string[];
}
