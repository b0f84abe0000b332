// What a run is made of: time, chance, the processes that live in it, and what was noticed.
import type { Random } from './random.ts';
import { StepFaults, type Fault, type ServiceName, type Step } from './faults.ts';
import type { Due, Owner, Scheduler } from './scheduler.ts';

/** A process: alive from its start to its death; the next one of its name is another. */
export class SimProcess implements Owner {
  readonly name: string;
  readonly service: ServiceName;
  isDead = false;
  pausedUntil = 0;
  skewMs = 0;
  /** What the world does about its death: its sockets close, its group misses it. */
  readonly onDeath: (() => void)[] = [];
  /** How it ends in order, once it is composed. */
  drain: () => Promise<void> = () => Promise.resolve();

  constructor(name: string, service: ServiceName) {
    this.name = name;
    this.service = service;
  }
}

/** A fault that has struck a topic. */
export interface Befallen {
  readonly kind: Fault['kind'];
  readonly topic: string;
}

/** A run's world, without its servers. */
export class World {
  readonly scheduler: Scheduler;
  readonly random: Random;
  readonly stepFaults: StepFaults;
  readonly faults: readonly Fault[];
  /** Who runs now, by name. */
  readonly processes = new Map<string, SimProcess>();
  /** Promises that were broken, in words. */
  readonly breaches: string[] = [];
  /** How many faults of each kind have struck: one whose step never came, or whose process was dead, has not. */
  readonly struck: Partial<Record<Fault['kind'], number>> = {};
  /** Those of them that concern a topic, in the order in which they struck. */
  readonly befallen: Befallen[] = [];
  /** Starts a process of this name. */
  start: (name: string) => void = () => undefined;

  constructor(scheduler: Scheduler, random: Random, faults: readonly Fault[]) {
    this.scheduler = scheduler;
    this.random = random;
    this.faults = faults;
    this.stepFaults = new StepFaults(faults);
    this.stepFaults.onStruck = (kind) => {
      this.noteStruck(kind);
    };
  }

  /** Lets something happen on behalf of nobody: the network, a server, a client. */
  later(delayMs: number, run: () => void): Due {
    return this.scheduler.schedule(delayMs, undefined, run);
  }

  /** A pause of somebody outside of all processes. */
  wait(ms: number): Promise<void> {
    return new Promise((resolve) => {
      this.later(ms, resolve);
    });
  }

  /** A pause of a process; its end never comes if the process dies meanwhile. */
  sleep(process: SimProcess, ms: number): Promise<void> {
    return new Promise((resolve) => {
      this.scheduler.schedule(ms, process, resolve);
    });
  }

  /** The process dies at once, and is started again after a while. */
  crash(process: SimProcess, downMs: number): void {
    if (process.isDead) return;
    this.end(process);
    this.later(downMs, () => {
      this.start(process.name);
    });
  }

  /** The process dies at once, for good. */
  end(process: SimProcess): void {
    process.isDead = true;
    if (this.processes.get(process.name) === process) this.processes.delete(process.name);
    for (const react of process.onDeath) react();
  }

  /** `topics`: those whose messages it concerns. */
  noteStruck(kind: Fault['kind'], topics: readonly string[] = []): void {
    this.struck[kind] = (this.struck[kind] ?? 0) + 1;
    for (const topic of topics) this.befallen.push({ kind, topic });
  }

  breach(text: string): void {
    if (this.breaches.length < 20) this.breaches.push(text);
  }
}

/** What never comes: the answer to a process that has died. */
export function never(): Promise<never> {
  return new Promise(() => undefined);
}

/** A server that may be out of reach. */
export interface Server {
  /** Milliseconds since the run began. */
  awayUntil: number;
  /** Another one after each restart: what was sent to the one before arrives nowhere. */
  readonly life: number;
  /** What a caller is told while it is. */
  readonly unavailable: () => Error;
}

/** How long a step takes on its way there, in milliseconds: least and most, of the common case. */
const LATENCY_MS: Readonly<Record<Step, readonly [number, number]>> = {
  read: [0.2, 1.5],
  commit: [0.5, 5],
  redrive: [0.5, 5],
  snapshot: [0.5, 5],
  positions: [0.3, 3],
  ask: [0.5, 5],
  send: [0.5, 6],
  fetch: [0.5, 5],
  offsets: [0.5, 5],
};
const SLOW_CHANCE = 0.02;
const SLOW_FACTOR = 20;

/** How long a step of this kind takes this time. */
export function latencyMs(random: Random, step: Step): number {
  const [least, most] = LATENCY_MS[step];
  const common = least + random.next() * (most - least);
  return random.chance(SLOW_CHANCE) ? common * SLOW_FACTOR : common;
}
